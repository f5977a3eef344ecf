/** Builds batches: what coordinators write to their topics, control markers, clients, tests. */
import { compress } from '../compression/compression.ts'
import type { CompressionType } from '../compression/compression-type.ts'
import { batchHeaderBytes, type TimestampType, writeBatchHeader } from './batch.ts'
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from './varint.ts'

export interface HeaderInput {
  readonly key: string
  readonly value?: Uint8Array | string | null
}

/** A record to write. Strings are UTF-8; a missing key or value is null. */
export interface RecordInput {
  /** Milliseconds since 1970; -1 for none. */
  readonly timestamp: number
  readonly key?: Uint8Array | string | null
  readonly value?: Uint8Array | string | null
  readonly headers?: readonly HeaderInput[]
  /** Default its place among the records; compaction leaves gaps. */
  readonly offsetDelta?: number
}

export interface BatchInput {
  /** At least one, unless `lastOffsetDelta` is given: compaction may keep a batch for its producer's sequence alone. */
  readonly records: readonly RecordInput[]
  /** Default that of the last record: the batch takes offsets up to it, whether or not there is a record. */
  readonly lastOffsetDelta?: number
  /** When the cleaner may drop the batch's tombstones (KIP-534). */
  readonly deleteHorizonMs?: number
  /** Default 0, which is what a producer sends. */
  readonly baseOffset?: number
  /** Default -1. */
  readonly partitionLeaderEpoch?: number
  /** Default none. */
  readonly compression?: CompressionType
  /** As Kafka's `compression.*.level`; default the codec's. */
  readonly compressionLevel?: number
  /** Default CreateTime. */
  readonly timestampType?: TimestampType
  /** -1, the default: not idempotent. */
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
}

/** One whole batch, sealed with its checksum; offsets of the records are consecutive unless they say otherwise. */
export function encodeBatch(input: BatchInput): Buffer {
  const { records, compression = 'none' } = input
  const [first] = records
  if (first === undefined && input.lastOffsetDelta === undefined)
    throw new RangeError('a batch needs at least one record')
  const baseTimestamp = input.deleteHorizonMs ?? first?.timestamp ?? -1
  let maxTimestamp = -1
  for (const { timestamp } of records) if (timestamp > maxTimestamp) maxTimestamp = timestamp

  const buffer = encodeBatchRecords(records, { baseTimestamp, compression, level: input.compressionLevel })
  writeBatchHeader(buffer, {
    baseOffset: input.baseOffset ?? 0,
    partitionLeaderEpoch: input.partitionLeaderEpoch ?? -1,
    compression,
    timestampType: input.timestampType ?? 'CreateTime',
    isTransactional: input.isTransactional ?? false,
    isControl: input.isControl ?? false,
    hasDeleteHorizon: input.deleteHorizonMs !== undefined,
    lastOffsetDelta: input.lastOffsetDelta ?? records.at(-1)?.offsetDelta ?? records.length - 1,
    baseTimestamp,
    maxTimestamp,
    producerId: input.producerId ?? -1,
    producerEpoch: input.producerEpoch ?? -1,
    baseSequence: input.baseSequence ?? -1,
    recordCount: records.length,
  })
  return buffer
}

/** The batch's buffer with its header still blank. */
function encodeBatchRecords(
  records: readonly RecordInput[],
  {
    baseTimestamp,
    compression,
    level,
  }: { baseTimestamp: number; compression: CompressionType; level: number | undefined },
): Buffer {
  const bodies = new Array<number>(records.length)
  let bytes = batchHeaderBytes
  for (const [index, record] of records.entries()) {
    const body = recordBodyBytes(record, record.offsetDelta ?? index, record.timestamp - baseTimestamp)
    bodies[index] = body
    bytes += varintBytes(body) + body
  }
  const buffer = Buffer.allocUnsafe(bytes)
  let at = batchHeaderBytes
  for (const [index, record] of records.entries()) {
    at = writeVarint(buffer, at, bodies[index] as number)
    const offsetDelta = record.offsetDelta ?? index
    at = writeRecordBody(buffer, at, record, { offsetDelta, timestampDelta: record.timestamp - baseTimestamp })
  }
  if (compression === 'none') return buffer
  return Buffer.concat([
    buffer.subarray(0, batchHeaderBytes),
    compress(compression, buffer.subarray(batchHeaderBytes), level),
  ])
}

function recordBodyBytes(record: RecordInput, offsetDelta: number, timestampDelta: number): number {
  const headers = record.headers ?? []
  let bytes =
    1 + varlongBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(record.key) + fieldBytes(record.value)
  bytes += varintBytes(headers.length)
  for (const header of headers) bytes += fieldBytes(header.key) + fieldBytes(header.value)
  return bytes
}

function writeRecordBody(
  buffer: Buffer,
  start: number,
  record: RecordInput,
  { offsetDelta, timestampDelta }: { offsetDelta: number; timestampDelta: number },
): number {
  const headers = record.headers ?? []
  let at = start
  buffer[at++] = 0
  at = writeVarlong(buffer, at, timestampDelta)
  at = writeVarint(buffer, at, offsetDelta)
  at = writeField(buffer, at, record.key)
  at = writeField(buffer, at, record.value)
  at = writeVarint(buffer, at, headers.length)
  for (const header of headers) {
    at = writeField(buffer, at, header.key)
    at = writeField(buffer, at, header.value)
  }
  return at
}

type Field = Uint8Array | string | null | undefined

function fieldBytes(field: Field): number {
  if (field === null || field === undefined) return 1
  const bytes = typeof field === 'string' ? Buffer.byteLength(field) : field.length
  return varintBytes(bytes) + bytes
}

function writeField(buffer: Buffer, start: number, field: Field): number {
  if (field === null || field === undefined) return writeVarint(buffer, start, -1)
  if (typeof field === 'string') {
    const at = writeVarint(buffer, start, Buffer.byteLength(field))
    return at + buffer.write(field, at)
  }
  const at = writeVarint(buffer, start, field.length)
  buffer.set(field, at)
  return at + field.length
}
