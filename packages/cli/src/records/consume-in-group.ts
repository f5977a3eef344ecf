import { Consumer, type MessagesStream } from '@platformatic/kafka'
import { bootstrapBrokers } from '../commands/record-client.ts'
import type { ConsumedRecord } from './consumed-record.ts'

export interface GroupOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly group: string
  /** Where a partition starts that the group has no offset for: 'beginning' or 'end'. */
  readonly from: string
  /** Stop at the end that the topic had when reading began. */
  readonly exit?: boolean
  readonly signal: AbortSignal
}

type RecordStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>

const COMMIT_EVERY_MS = 1_000

/** Reads as a member of a group. What was yielded is committed when the reading ends, and on the way every second. */
export async function* consumeInGroup(options: GroupOptions): AsyncGenerator<ConsumedRecord> {
  const { topic, signal } = options
  const consumer = new Consumer({
    clientId: 'odradek-cli',
    groupId: options.group,
    bootstrapBrokers: bootstrapBrokers(options.bootstrap),
    autocommit: false,
    retries: 10,
  })
  const uncommitted = new Map<number, bigint>()
  const commit = async () => {
    const offsets = Array.from(uncommitted, ([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 }))
    uncommitted.clear()
    if (offsets.length > 0) await consumer.commit({ offsets })
  }
  let stream: RecordStream | null = null
  let isAtEnd = false
  try {
    stream = await consumer.consume({
      topics: [topic],
      mode: 'committed',
      fallbackMode: options.from === 'end' ? 'latest' : 'earliest',
      maxWaitTime: 500,
    })
    const reading = stream
    signal.addEventListener('abort', () => reading.destroy(), { once: true })
    if (options.exit) {
      const ends = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic) ?? []
      const endWhenRead = () => {
        if (reading.readableLength > 0 || !hasReached(consumer, reading, topic, ends)) return
        isAtEnd = true
        reading.destroy()
      }
      // Also without a record: what stands last may be compacted away, or a transaction's marker.
      reading.on('fetch', endWhenRead)
      reading.on('offsets', endWhenRead)
      endWhenRead()
    }
    let committedAt = performance.now()
    for await (const message of reading) {
      const { partition, offset, timestamp } = message
      // Before it is handed out: a reader that has enough does not come back for the next.
      uncommitted.set(partition, offset + 1n)
      yield {
        topic: message.topic,
        partition,
        offset,
        timestamp,
        key: message.key ?? null,
        value: message.value ?? null,
        headers: message.headerEntries.map(([name, value]) => [name.toString(), value] as const),
      }
      if (performance.now() - committedAt > COMMIT_EVERY_MS) {
        await commit()
        committedAt = performance.now()
      }
    }
  } catch (error) {
    if (!signal.aborted && !isAtEnd) throw error
  } finally {
    await commit()
    await consumer.close(true)
  }
}

/** Whether all partitions that are this member's now have been fetched up to these ends. */
function hasReached(consumer: Consumer, stream: RecordStream, topic: string, ends: readonly bigint[]): boolean {
  const own = consumer.assignments?.find(each => each.topic === topic)?.partitions ?? []
  return own.every(partition => (stream.offsetsToFetch.get(`${topic}:${partition}`) ?? -1n) >= (ends[partition] ?? 0n))
}
