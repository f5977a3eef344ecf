import { Consumer } from '@platformatic/kafka'
import { bootstrapBrokers } from '../commands/record-client.ts'
import { UsageError } from '../output/failure.ts'
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

/** Reads as a member of a group. What was yielded is committed when the reading ends, and on the way every second. */
export async function* consumeInGroup(options: GroupOptions): AsyncGenerator<ConsumedRecord> {
  if (options.from !== 'beginning' && options.from !== 'end') {
    throw new UsageError(
      "with --group, --from is beginning or end: it counts where the group has no offset. To move a group's offsets: odradek group reset",
    )
  }
  const consumer = new Consumer({
    clientId: 'odradek-cli',
    groupId: options.group,
    bootstrapBrokers: bootstrapBrokers(options.bootstrap),
    autocommit: false,
    retries: 10,
  })
  const uncommitted = new Map<number, bigint>()
  const commit = async () => {
    const offsets = Array.from(uncommitted, ([partition, offset]) => ({
      topic: options.topic,
      partition,
      offset,
      leaderEpoch: -1,
    }))
    uncommitted.clear()
    if (offsets.length > 0) await consumer.commit({ offsets })
  }
  try {
    const stream = await consumer.consume({
      topics: [options.topic],
      mode: 'committed',
      fallbackMode: options.from === 'end' ? 'latest' : 'earliest',
      maxWaitTime: 500,
    })
    const remaining = options.exit ? await remainingOffsets(consumer, options) : null
    if (remaining?.size === 0) return
    options.signal.addEventListener('abort', () => stream.destroy(), { once: true })
    let committedAt = performance.now()
    for await (const message of stream) {
      const { partition, offset, timestamp } = message
      const headers = message.headerEntries.map(([name, value]) => [name.toString(), value] as const)
      yield {
        topic: message.topic,
        partition,
        offset,
        timestamp,
        key: message.key ?? null,
        value: message.value ?? null,
        headers,
      }
      uncommitted.set(partition, offset + 1n)
      if (performance.now() - committedAt > COMMIT_EVERY_MS) {
        await commit()
        committedAt = performance.now()
      }
      if (remaining !== null) {
        if (offset + 1n >= (remaining.get(partition) ?? 0n)) remaining.delete(partition)
        if (remaining.size === 0) return
      }
    }
  } catch (error) {
    if (!options.signal.aborted) throw error
  } finally {
    await commit()
    await consumer.close(true)
  }
}

const COMMIT_EVERY_MS = 1_000

/** The ends of the assigned partitions that the group has not reached yet. */
async function remainingOffsets(consumer: Consumer, options: GroupOptions): Promise<Map<number, bigint>> {
  const topics = [options.topic]
  const assigned = consumer.assignments?.flatMap(each => (each.topic === options.topic ? each.partitions : [])) ?? []
  const ends = (await consumer.listOffsets({ topics, timestamp: -1n })).get(options.topic) ?? []
  const starts = (await consumer.listOffsets({ topics, timestamp: -2n })).get(options.topic) ?? []
  const committed = await consumer.listCommittedOffsets({ topics: [{ topic: options.topic, partitions: assigned }] })
  const remaining = new Map<number, bigint>()
  assigned.forEach((partition, index) => {
    const end = ends[partition] ?? 0n
    const at = committed.get(options.topic)?.[index] ?? -1n
    const start = at >= 0n ? at : options.from === 'end' ? end : (starts[partition] ?? 0n)
    if (start < end) remaining.set(partition, end)
  })
  return remaining
}
