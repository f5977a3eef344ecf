/** Attacks by what a Produce request carries: batches that are none, and ones that grow when they are unpacked. */
import {
  batchHeaderBytes,
  type CompressionType,
  encodeBatch,
  listOffsetsRequest,
  produceRequest,
  sealBatch,
} from '@odradek/protocol'
import type { Random } from '../differential/random.ts'
import { rawRequest } from '../raw-request.ts'
import { damaged } from './damage.ts'
import { type Attack, partitionCount, pause, plainTopic, recompressedTopic, talk } from './target.ts'

const codecs: readonly [CompressionType, ...CompressionType[]] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export const brokenBatches: Attack = async target => {
  const { random } = target
  while (!target.signal.aborted) {
    const requests = Array.from({ length: 20 }, () => {
      target.count('batches')
      return produce(random.pick([plainTopic, recompressedTopic]), [brokenBatch(random)], random)
    })
    await talk(target, requests, 20)
  }
}

function brokenBatch(random: Random): Buffer {
  const compression = random.pick(codecs)
  const timestamp = random.mostly(Date.now(), [-1, 0, 2 ** 52, -(2 ** 52)])
  const batch = encodeBatch({
    compression,
    records: Array.from({ length: random.int(1, 20) }, () => ({
      timestamp,
      value: Buffer.alloc(random.int(0, 200), random.int(0, 255)),
      headers: [{ key: 'h', value: 'v' }],
    })),
  })
  switch (random.int(0, 3)) {
    case 0:
      // The records, behind a checksum that is right: so that what is inside is looked at.
      return resealed(
        Buffer.concat([batch.subarray(0, batchHeaderBytes), damaged(random, batch.subarray(batchHeaderBytes))]),
      )
    case 1: {
      // The header's numbers: attributes, deltas, timestamps, producer, sequence, count.
      const changed = Buffer.from(batch)
      const [at, size] = random.pick<readonly [at: number, size: number]>([
        [21, 2],
        [23, 4],
        [27, 8],
        [35, 8],
        [43, 8],
        [51, 2],
        [53, 4],
        [57, 4],
      ])
      for (let byte = 0; byte < size; byte++)
        changed[at + byte] = random.pick([0, 1, 127, 128, 255, random.int(0, 255)])
      return resealed(changed)
    }
    case 2: {
      const changed = Buffer.from(batch)
      changed.writeInt32BE(random.pick([-1, 0, 48, 49, 0x7fffffff, batch.length]), 8)
      return changed
    }
    default:
      return damaged(random, batch)
  }
}

function resealed(batch: Buffer): Buffer {
  if (batch.length < batchHeaderBytes) return batch
  batch.writeInt32BE(batch.length - 12, 8)
  sealBatch(batch, 0)
  return batch
}

/** Small batches of very large records, over and under what the broker takes; and searches through those that it took. */
export const bombs: Attack = async target => {
  const { random } = target
  const charges: Buffer[] = []
  for (const megabytes of [30, 60, 250]) {
    for (const compression of codecs.slice(1)) {
      const value = Buffer.alloc(megabytes * 1024 * 1024)
      charges.push(encodeBatch({ compression, records: [{ timestamp: Date.now(), value }] }))
      await pause(1)
    }
    if (target.signal.aborted) return
  }
  const small = charges.filter(charge => charge.length < 1_000_000)
  const search = (topic: string) =>
    rawRequest(listOffsetsRequest, 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        {
          name: topic,
          partitions: Array.from({ length: partitionCount }, (_, partitionIndex) => ({
            partitionIndex,
            currentLeaderEpoch: -1,
            timestamp: Date.now() - random.int(0, 60_000),
          })),
        },
      ],
    })
  while (!target.signal.aborted) {
    const topic = random.pick([plainTopic, recompressedTopic])
    const loaded = Array.from(
      { length: random.int(1, 4) },
      () => small[random.int(0, small.length - 1)] ?? Buffer.alloc(0),
    )
    target.count('bombs', loaded.length)
    await talk(target, [produce(topic, loaded, random), search(topic)], 1_000)
    // The oversized ones, too: they are to be refused by their size alone.
    if (random.chance(0.1))
      await talk(target, [produce(topic, [charges[random.int(0, charges.length - 1)] ?? Buffer.alloc(0)], random)], 500)
    await pause(50)
  }
}

function produce(topic: string, batches: readonly Buffer[], random: Random): Buffer {
  return rawRequest(produceRequest, random.pick([3, 8, 9, 11]), {
    transactionalId: null,
    acks: random.pick([-1, 1, 0]),
    timeoutMs: 1_000,
    topicData: [
      {
        name: topic,
        partitionData: batches.map(records => ({ index: random.int(0, partitionCount - 1), records })),
      },
    ],
  })
}
