/**
 * The record batch (magic 2) as it lies on the wire and on disk: where each field is, how to read one without decoding
 * the rest, and the few that a broker patches in place.
 *
 *     0        8       12      16  17   21   23      27      35      43     51     53     57      61
 *     | base   | length| leader|mag|crc |attr|last   |base   |max    |prod- |prod. |base  |record | records …
 *     | offset |       | epoch |ic |    |    |offset |time-  |time-  |ucer  |epoch |seq.  |count  |
 *     |        |       |       |   |    |    |delta  |stamp  |stamp  |id    |      |      |       |
 *                                  └──── the CRC-32C covers everything from here to the end ────────
 *
 * `length` counts from the leader epoch on. Base offset and leader epoch lie outside the checksum on purpose: a leader
 * assigns both without touching the rest. All functions take the buffer and the position `at` which a batch starts;
 * they read without asking whether the batch is whole, which is what `checkBatch` is for.
 *
 * int64 fields are plain numbers: exact up to 2^53, rounded beyond.
 */
import { type CompressionType, compressionId, compressionTypeOf } from '../compression/compression-type.ts'
import { crc32c } from './crc32c.ts'
import { RecordsError } from './records-error.ts'

const baseOffsetAt = 0
const lengthAt = 8
const partitionLeaderEpochAt = 12
const magicAt = 16
const crcAt = 17
const attributesAt = 21
const lastOffsetDeltaAt = 23
const baseTimestampAt = 27
const maxTimestampAt = 35
const producerIdAt = 43
const producerEpochAt = 51
const baseSequenceAt = 53
const recordCountAt = 57

/** Bytes of base offset and length, which the `length` field does not count. */
export const batchPrefixBytes = 12
/** Bytes in front of the first record: the least a batch can have. */
export const batchHeaderBytes = 61
/** The only magic that is written and served. */
export const batchMagicV2 = 2

const compressionMask = 0x07
const timestampTypeMask = 0x08
const transactionalMask = 0x10
const controlMask = 0x20
const deleteHorizonMask = 0x40

export type TimestampType = 'CreateTime' | 'LogAppendTime'

export function batchBaseOffset(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + baseOffsetAt)
}

/** The length field: the batch's bytes behind the field itself. Not to be trusted before `checkBatch`. */
export function batchLength(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + lengthAt)
}

/** All bytes of the batch. */
export function batchBytes(buffer: Buffer, at: number): number {
  return batchPrefixBytes + buffer.readInt32BE(at + lengthAt)
}

export function batchPartitionLeaderEpoch(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + partitionLeaderEpochAt)
}

export function batchMagic(buffer: Buffer, at: number): number {
  return buffer.readInt8(at + magicAt)
}

/** The stored checksum, unsigned. */
export function batchCrc(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at + crcAt)
}

export function batchAttributes(buffer: Buffer, at: number): number {
  return buffer.readInt16BE(at + attributesAt)
}

/** `null`: one of the numbers 5 to 7, which stand for nothing. */
export function batchCompression(buffer: Buffer, at: number): CompressionType | null {
  return compressionTypeOf(batchAttributes(buffer, at) & compressionMask)
}

export function batchTimestampType(buffer: Buffer, at: number): TimestampType {
  return (batchAttributes(buffer, at) & timestampTypeMask) === 0 ? 'CreateTime' : 'LogAppendTime'
}

export function batchIsTransactional(buffer: Buffer, at: number): boolean {
  return (batchAttributes(buffer, at) & transactionalMask) !== 0
}

export function batchIsControl(buffer: Buffer, at: number): boolean {
  return (batchAttributes(buffer, at) & controlMask) !== 0
}

/** When the cleaner may drop the batch's tombstones, or `null`. It takes the place of the base timestamp (KIP-534). */
export function batchDeleteHorizonMs(buffer: Buffer, at: number): number | null {
  return (batchAttributes(buffer, at) & deleteHorizonMask) === 0 ? null : batchBaseTimestamp(buffer, at)
}

export function batchLastOffsetDelta(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + lastOffsetDeltaAt)
}

export function batchLastOffset(buffer: Buffer, at: number): number {
  return batchBaseOffset(buffer, at) + batchLastOffsetDelta(buffer, at)
}

export function batchBaseTimestamp(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + baseTimestampAt)
}

export function batchMaxTimestamp(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + maxTimestampAt)
}

/** -1: written by a producer that is not idempotent. */
export function batchProducerId(buffer: Buffer, at: number): number {
  return readInt64(buffer, at + producerIdAt)
}

export function batchProducerEpoch(buffer: Buffer, at: number): number {
  return buffer.readInt16BE(at + producerEpochAt)
}

/** -1: no sequence (a control batch, or no idempotent producer). */
export function batchBaseSequence(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + baseSequenceAt)
}

/** The sequence of the batch's last record, or -1; it wraps from 2^31-1 to 0. */
export function batchLastSequence(buffer: Buffer, at: number): number {
  const baseSequence = batchBaseSequence(buffer, at)
  return baseSequence === -1 ? -1 : incrementSequence(baseSequence, batchLastOffsetDelta(buffer, at))
}

export function batchRecordCount(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at + recordCountAt)
}

/** `sequence + increment` in the ring of 0 to 2^31-1. */
export function incrementSequence(sequence: number, increment: number): number {
  return (sequence + increment) & 0x7fffffff
}

/** Outside the checksum. */
export function setBatchBaseOffset(buffer: Buffer, at: number, baseOffset: number): void {
  writeInt64(buffer, at + baseOffsetAt, baseOffset)
}

/** Outside the checksum. */
export function setBatchPartitionLeaderEpoch(buffer: Buffer, at: number, partitionLeaderEpoch: number): void {
  buffer.writeInt32BE(partitionLeaderEpoch, at + partitionLeaderEpochAt)
}

/**
 * Sets timestamp type and maximum; the checksum is computed anew if that changes anything. With LogAppendTime every
 * record of the batch has this timestamp, whatever its delta says.
 */
export function setBatchMaxTimestamp(
  buffer: Buffer,
  at: number,
  { timestampType, maxTimestamp }: { timestampType: TimestampType; maxTimestamp: number },
): void {
  if (batchTimestampType(buffer, at) === timestampType && batchMaxTimestamp(buffer, at) === maxTimestamp) return
  const kept = batchAttributes(buffer, at) & ~timestampTypeMask
  buffer.writeInt16BE(timestampType === 'LogAppendTime' ? kept | timestampTypeMask : kept, at + attributesAt)
  writeInt64(buffer, at + maxTimestampAt, maxTimestamp)
  sealBatch(buffer, at)
}

/** Fits the header of the batch that fills `buffer` to records that were compressed anew, and seals it. */
export function setBatchCompression(buffer: Buffer, compression: CompressionType): void {
  buffer.writeInt32BE(buffer.length - batchPrefixBytes, lengthAt)
  const kept = batchAttributes(buffer, 0) & ~compressionMask
  buffer.writeInt16BE(kept | compressionId(compression), attributesAt)
  sealBatch(buffer, 0)
}

/** Computes and stores the checksum of the whole batch at `at`. */
export function sealBatch(buffer: Buffer, at: number): void {
  buffer.writeUInt32BE(crc32c(buffer, at + attributesAt, at + batchBytes(buffer, at)), at + crcAt)
}

/** Why the bytes at a position are no batch. `incomplete` alone can become a batch when more bytes arrive. */
export interface BatchProblem {
  readonly kind: 'incomplete' | 'length' | 'magic' | 'checksum'
  readonly message: string
}

/** Whether a whole batch of magic 2 with a right checksum starts at `at` and ends by `end`; `null` if so. */
export function checkBatch(buffer: Buffer, at = 0, end = buffer.length): BatchProblem | null {
  if (end - at < batchPrefixBytes) return incomplete(batchHeaderBytes, end - at)
  const length = batchLength(buffer, at)
  if (end - at > magicAt) {
    const magic = batchMagic(buffer, at)
    if (magic !== batchMagicV2) return { kind: 'magic', message: `a batch of magic ${magic}; only magic 2 is served` }
  }
  const bytes = batchPrefixBytes + length
  if (bytes < batchHeaderBytes) {
    return {
      kind: 'length',
      message: `a batch length of ${length}; the least is ${batchHeaderBytes - batchPrefixBytes}`,
    }
  }
  if (end - at < bytes) return incomplete(bytes, end - at)
  const stored = batchCrc(buffer, at)
  const computed = crc32c(buffer, at + attributesAt, at + bytes)
  if (stored === computed) return null
  return { kind: 'checksum', message: `a batch whose checksum is ${stored}, but whose bytes have ${computed}` }
}

/**
 * The positions of the whole batches in `buffer[at, end)`, in order. A batch that is cut off ends the walk quietly
 * (fetched bytes may end anywhere). Checksums are not looked at.
 * @throws RecordsError when a length or a magic is impossible
 */
export function* iterateBatches(buffer: Buffer, at = 0, end = buffer.length): Generator<number, void, undefined> {
  let position = at
  while (end - position >= batchHeaderBytes) {
    const bytes = batchBytes(buffer, position)
    if (bytes < batchHeaderBytes || batchMagic(buffer, position) !== batchMagicV2) {
      throw new RecordsError(checkBatch(buffer, position, end)?.message ?? 'no batch', { position })
    }
    if (end - position < bytes) return
    yield position
    position += bytes
  }
}

/** The fields in front of the records, for `writeBatchHeader`. */
export interface BatchHeader {
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  readonly compression: CompressionType
  readonly timestampType: TimestampType
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly hasDeleteHorizon: boolean
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Writes the header of the batch that fills `buffer`, whose records are there already, and seals it. */
export function writeBatchHeader(buffer: Buffer, header: BatchHeader): void {
  writeInt64(buffer, baseOffsetAt, header.baseOffset)
  buffer.writeInt32BE(buffer.length - batchPrefixBytes, lengthAt)
  buffer.writeInt32BE(header.partitionLeaderEpoch, partitionLeaderEpochAt)
  buffer.writeInt8(batchMagicV2, magicAt)
  let attributes = compressionId(header.compression)
  if (header.timestampType === 'LogAppendTime') attributes |= timestampTypeMask
  if (header.isTransactional) attributes |= transactionalMask
  if (header.isControl) attributes |= controlMask
  if (header.hasDeleteHorizon) attributes |= deleteHorizonMask
  buffer.writeInt16BE(attributes, attributesAt)
  buffer.writeInt32BE(header.lastOffsetDelta, lastOffsetDeltaAt)
  writeInt64(buffer, baseTimestampAt, header.baseTimestamp)
  writeInt64(buffer, maxTimestampAt, header.maxTimestamp)
  writeInt64(buffer, producerIdAt, header.producerId)
  buffer.writeInt16BE(header.producerEpoch, producerEpochAt)
  buffer.writeInt32BE(header.baseSequence, baseSequenceAt)
  buffer.writeInt32BE(header.recordCount, recordCountAt)
  sealBatch(buffer, 0)
}

function incomplete(wanted: number, present: number): BatchProblem {
  return { kind: 'incomplete', message: `a batch of at least ${wanted} bytes, of which only ${present} are there` }
}

function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
}

/** Values beyond the range take its nearest end, as in messages: Long.MAX_VALUE, read as 2^63, is written back as itself. */
function writeInt64(buffer: Buffer, at: number, value: number): void {
  if (value >= 2 ** 63) {
    buffer.writeUInt32BE(0x7fffffff, at)
    buffer.writeUInt32BE(0xffffffff, at + 4)
    return
  }
  const high = Math.max(Math.floor(value / 0x1_0000_0000), -0x8000_0000)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
}
