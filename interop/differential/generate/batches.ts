/** Record batches as clients send them, and as they should not. */
import {
  type CompressionType,
  crc32c,
  encodeBatch,
  type RecordInput,
  sealBatch,
  setBatchPartitionLeaderEpoch,
} from '@odradek/protocol'
import type { Random } from '../random.ts'

/** Fixed, so that a seed is the same bytes on every day; the brokers are told not to delete by age. */
export const baseTimestamp = 1_600_000_000_000

export interface BatchOptions {
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

/** What is drawn before the sequence is played; the producer's id and epoch are filled in while it is. */
export interface BatchPlan {
  readonly records: readonly RecordInput[]
  readonly compression: CompressionType
  readonly flaw: Flaw
  readonly isControl: boolean
}

/** Records that are null are not among them: Kafka 4.3.0 never answers those. */
type Flaw = 'none' | 'crc' | 'magic' | 'length' | 'count' | 'delta' | 'torn' | 'twice' | 'empty' | 'log append time'

const flaws: readonly [Flaw, ...Flaw[]] = [
  'crc',
  'magic',
  'length',
  'count',
  'delta',
  'torn',
  'twice',
  'empty',
  'log append time',
]

export function planBatch(random: Random): BatchPlan {
  const count = random.mostly(random.int(1, 5), [1, 40], 0.9)
  const records = Array.from({ length: count }, (_, index) => planRecord(random, index))
  return {
    records,
    compression: random.mostly('none', ['gzip', 'snappy', 'lz4', 'zstd'], 0.7),
    flaw: random.mostly('none', flaws, 0.93),
    isControl: random.chance(0.01),
  }
}

function planRecord(random: Random, index: number): RecordInput {
  const value = random.mostly<string | null>(`value-${random.int(0, 999)}`, [null, '', 'large-'.repeat(500)], 0.9)
  const headers = random.chance(0.1)
    ? [
        { key: 'h', value: 'x' },
        { key: 'none', value: null },
      ]
    : []
  return {
    timestamp: random.mostly(baseTimestamp + index * random.int(0, 50), [-1, 0, baseTimestamp - 5_000, 4e12], 0.96),
    key: random.chance(0.5) ? `key-${random.int(0, 9)}` : null,
    value,
    headers,
  }
}

export function buildBatch(plan: BatchPlan, options: BatchOptions = {}): Buffer {
  const { records, compression, flaw, isControl } = plan
  if (flaw === 'empty') return Buffer.alloc(0)
  const timestampType = flaw === 'log append time' ? 'LogAppendTime' : 'CreateTime'
  const batch = encodeBatch({ records, compression, timestampType, isControl, ...options })
  setBatchPartitionLeaderEpoch(batch, 0, -1)
  switch (flaw) {
    case 'crc':
      batch.writeUInt32BE((crc32c(batch.subarray(21)) ^ 1) >>> 0, 17)
      return batch
    case 'magic':
      batch.writeInt8(1, 16)
      return batch
    case 'length':
      batch.writeInt32BE(batch.length - 12 + 7, 8)
      return batch
    case 'count':
      batch.writeInt32BE(records.length + 1, 57)
      sealBatch(batch, 0)
      return batch
    case 'delta':
      batch.writeInt32BE(records.length + 3, 23)
      sealBatch(batch, 0)
      return batch
    case 'torn':
      return batch.subarray(0, batch.length - 3)
    case 'twice':
      return Buffer.concat([batch, batch])
    default:
      return batch
  }
}
