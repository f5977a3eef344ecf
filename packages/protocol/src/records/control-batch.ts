/**
 * Control batches: one record each, which brokers write among the records of users and clients skip. The key says what it
 * is (int16 version, int16 type), the value belongs to the type.
 */
import { endTxnMarker, type LeaderChangeMessage, leaderChangeMessage } from '../record-types/control-records.ts'
import type { MessageInput } from '../schema/schema.ts'
import type { DecodedRecord } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { RecordsError } from './records-error.ts'

/** The types by their numbers. */
export const controlRecordTypes = [
  'ABORT',
  'COMMIT',
  'LEADER_CHANGE',
  'SNAPSHOT_HEADER',
  'SNAPSHOT_FOOTER',
  'KRAFT_VERSION',
  'KRAFT_VOTERS',
] as const
export type ControlRecordType = (typeof controlRecordTypes)[number]

/** A type that is not known is to be skipped: later versions may add some. */
export type ControlRecord =
  | { readonly type: 'ABORT' | 'COMMIT'; readonly coordinatorEpoch: number }
  | { readonly type: 'LEADER_CHANGE'; readonly message: LeaderChangeMessage }
  | { readonly type: Exclude<ControlRecordType, 'ABORT' | 'COMMIT' | 'LEADER_CHANGE'> | 'UNKNOWN' }

interface ControlBatchPlace {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** Default 0. */
  readonly baseOffset?: number
  /** Default -1. */
  readonly partitionLeaderEpoch?: number
}

export interface EndTransactionInput extends ControlBatchPlace {
  readonly type: 'ABORT' | 'COMMIT'
  readonly coordinatorEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** The batch that ends a producer's transaction in one partition (KIP-98). */
export function encodeEndTransactionBatch(input: EndTransactionInput): Buffer {
  const value = Buffer.concat([int16(0), endTxnMarker.toBuffer(0, { coordinatorEpoch: input.coordinatorEpoch })])
  return encodeBatch({
    ...place(input),
    producerId: input.producerId,
    producerEpoch: input.producerEpoch,
    isTransactional: true,
    isControl: true,
    records: [{ timestamp: input.timestamp, key: controlKey(input.type), value }],
  })
}

export interface LeaderChangeInput extends ControlBatchPlace {
  readonly message: MessageInput<typeof leaderChangeMessage>
}

/** The batch with which a leader of a metadata quorum opens its epoch (KIP-595). */
export function encodeLeaderChangeBatch(input: LeaderChangeInput): Buffer {
  const value = leaderChangeMessage.toBuffer(input.message.version ?? 0, input.message)
  return encodeBatch({
    ...place(input),
    isControl: true,
    records: [{ timestamp: input.timestamp, key: controlKey('LEADER_CHANGE'), value }],
  })
}

/**
 * What the record of a control batch says.
 * @throws RecordsError when key or value are too short, or a version is negative
 */
export function decodeControlRecord({ key, value }: Pick<DecodedRecord, 'key' | 'value'>): ControlRecord {
  if (key === null || key.length < 4 || key.readInt16BE(0) < 0) throw broken('key')
  const type = controlRecordTypes[key.readInt16BE(2)] ?? 'UNKNOWN'
  if (type === 'ABORT' || type === 'COMMIT') {
    // A later version may append fields (KIP-98 leaves room), so the length is a least one.
    if (value === null || value.length < 6 || value.readInt16BE(0) < 0) throw broken('value')
    return { type, coordinatorEpoch: value.readInt32BE(2) }
  }
  if (type === 'LEADER_CHANGE') return { type, message: decodeLeaderChange(value) }
  return { type }
}

function decodeLeaderChange(value: Buffer | null): LeaderChangeMessage {
  if (value === null || value.length < 2) throw broken('value')
  const version = value.readInt16BE(0)
  if (!leaderChangeMessage.has(version)) throw broken('version')
  try {
    return leaderChangeMessage.fromBuffer(version, value)
  } catch (cause) {
    throw broken('value', cause)
  }
}

function place({ baseOffset = 0, partitionLeaderEpoch = -1 }: ControlBatchPlace) {
  return { baseOffset, partitionLeaderEpoch }
}

function controlKey(type: ControlRecordType): Buffer {
  return Buffer.concat([int16(0), int16(controlRecordTypes.indexOf(type))])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function broken(part: string, cause?: unknown): RecordsError {
  return new RecordsError(`a control record with a broken ${part}`, { position: 0, cause })
}
