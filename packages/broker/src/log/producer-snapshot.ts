/** Producer snapshots in Kafka's format: the producer state at the offset in the file's name. */
import { crc32c, producerSnapshot, Reader, Writer } from '@odradek/protocol'
import type { ProducerEntry } from '../core/partition/producer-state.ts'

const version = 1
const crcAt = 2
/** Version and checksum; the latter covers all behind it. */
const headerBytes = 6

/** Of each producer only the last batch is kept, as in Kafka. */
export function encodeProducerSnapshot(producers: Iterable<ProducerEntry>): Buffer {
  const producerEntries = [...producers].map(producer => {
    const last = producer.batches.at(-1)
    return {
      producerId: producer.producerId,
      epoch: producer.producerEpoch,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last?.offsetDelta ?? 0,
      timestamp: producer.lastTimestamp,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnFirstOffset: producer.currentTxnFirstOffset,
    }
  })
  const writer = new Writer()
  writer.int16(version)
  producerSnapshot.encode(version, { crc: 0, producerEntries }, writer)
  const bytes = Buffer.from(writer.toBuffer())
  bytes.writeUInt32BE(crc32c(bytes, headerBytes, bytes.length), crcAt)
  return bytes
}

/** Null when the bytes are not a whole snapshot. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerEntry[] | null {
  if (bytes.length < headerBytes || bytes.readInt16BE(0) !== version) return null
  if (bytes.readUInt32BE(crcAt) !== crc32c(bytes, headerBytes, bytes.length)) return null
  const { producerEntries } = producerSnapshot.decode(version, new Reader(bytes, crcAt))
  return producerEntries.map(entry => ({
    producerId: entry.producerId,
    producerEpoch: entry.epoch,
    coordinatorEpoch: entry.coordinatorEpoch,
    lastTimestamp: entry.timestamp,
    currentTxnFirstOffset: entry.currentTxnFirstOffset,
    batches:
      entry.lastOffset < 0
        ? []
        : [
            {
              lastSequence: entry.lastSequence,
              lastOffset: entry.lastOffset,
              offsetDelta: entry.offsetDelta,
              timestamp: entry.timestamp,
            },
          ],
  }))
}
