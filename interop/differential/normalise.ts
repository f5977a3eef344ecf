/**
 * Turns an answer into what two brokers must agree on: ids that a broker made up become the names under which the
 * sequence knows them, clock readings become words, record batches become their records, and collections that have no
 * order get one.
 */
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBytes,
  batchLastOffsetDelta,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  batchProducerEpoch,
  batchProducerId,
  checkBatch,
  decodeRecords,
  zeroUuid,
} from '@odradek/protocol'
import type { Outcome, Played } from './play.ts'

type Tree = unknown

/** Fields whose text is each broker's own: only whether there is one counts. */
const ownWords = new Set(['errorMessage', 'batchIndexErrorMessage', 'documentation', 'logDir', 'host', 'clusterId'])
/** Fields that say how a machine stands at the moment. */
const gauges = new Set(['port', 'totalBytes', 'usableBytes', 'finalizedFeaturesEpoch'])
/** Where the metadata log stands depends on all that a cluster has gone through. */
const quorumGauges = new Set(['highWatermark', 'logEndOffset', 'leaderEpoch'])
/** Fields that hold an id of the broker's own making. */
const ids = new Set(['topicId', 'memberId', 'leader', 'producerId', 'replicaDirectoryId'])
/** Names of other sequences, and of topics that a broker keeps for itself, are not this sequence's business. */
const nameFields = ['name', 'topic', 'topicName', 'groupId', 'resourceName'] as const
const foreignName = /^(diff-\d+-|__)/

export function normalise({ outcomes, world }: Played, prefix: string): Tree[] {
  // Counted by field: one id more in a field that may differ must not rename those of another.
  const unknownIds = new Map<string, Map<string, string>>()
  const nameOf = (field: string, id: string): string => {
    const known = world.nameOf(id)
    if (known !== null) return known.replaceAll(prefix, '')
    const names = unknownIds.get(field) ?? new Map<string, string>()
    unknownIds.set(field, names)
    const name = names.get(id) ?? `unknown-${names.size + 1}`
    names.set(id, name)
    return name
  }
  const normaliser = new Normaliser(prefix, nameOf)
  return outcomes.map(outcome => normaliser.outcome(outcome))
}

class Normaliser {
  readonly #prefix: string
  readonly #nameOf: (field: string, id: string) => string
  readonly #sessions = new Map<number, string>()
  #gauges: ReadonlySet<string> = gauges

  constructor(prefix: string, nameOf: (field: string, id: string) => string) {
    this.#prefix = prefix
    this.#nameOf = nameOf
  }

  outcome({ step, answer }: Outcome): Tree {
    this.#gauges = step.api === 'DescribeQuorum' ? new Set([...gauges, ...quorumGauges]) : gauges
    return this.#value('', answer)
  }

  #value(field: string, value: Tree): Tree {
    if (Buffer.isBuffer(value)) return field === 'records' ? this.#records(value) : value.toString('base64')
    if (Array.isArray(value)) return this.#array(field, value)
    if (typeof value === 'object' && value !== null) return this.#object(value)
    if (typeof value === 'number') return this.#number(field, value)
    if (typeof value === 'string') return this.#string(field, value)
    return value
  }

  #object(value: object): Tree {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#value(key, inner)]))
  }

  #array(field: string, values: readonly Tree[]): Tree {
    const own = values.filter(value => !this.#isForeign(value)).map(value => this.#value(field, value))
    if (typeof own[0] !== 'object') return own
    // Kafka answers many lists in the order of a hash table, so no client can rely on an order.
    return joinTopics(own).sort((one, other) => (identityOf(one) < identityOf(other) ? -1 : 1))
  }

  #isForeign(value: Tree): boolean {
    if (typeof value !== 'object' || value === null) return false
    const fields = value as Record<string, unknown>
    return nameFields.some(field => {
      const name = fields[field]
      return (
        typeof name === 'string' &&
        foreignName.test(name) &&
        !name.startsWith(this.#prefix) &&
        name !== '__cluster_metadata'
      )
    })
  }

  #number(field: string, value: number): Tree {
    if (field === 'producerId') return value < 0 ? value : this.#nameOf(field, String(value))
    if (field === 'sessionId') return value === 0 ? 0 : this.#session(value)
    if (this.#gauges.has(field)) return value > 0 ? 'some' : value
    // Whatever is a time of the last day or of the next hour was read from the clock: requests carry fixed ones.
    const now = Date.now()
    if (value > now - 86_400_000 && value < now + 3_600_000) return 'now'
    return value
  }

  #session(id: number): string {
    const name = this.#sessions.get(id) ?? `session-${this.#sessions.size + 1}`
    this.#sessions.set(id, name)
    return name
  }

  #string(field: string, value: string): Tree {
    if (value === '' || value === zeroUuid) return value
    if (ownWords.has(field)) return 'text'
    if (ids.has(field)) return this.#nameOf(field, value)
    return value.replaceAll(this.#prefix, '')
  }

  /** A torn batch at the end is left out: how much of it comes along is nobody's business but the socket's. */
  #records(bytes: Buffer): Tree {
    const batches: Tree[] = []
    for (let at = 0; at < bytes.length && checkBatch(bytes, at) === null; at += batchBytes(bytes, at)) {
      batches.push(this.#batch(bytes, at))
    }
    return batches
  }

  #batch(bytes: Buffer, at: number): Tree {
    return {
      baseOffset: batchBaseOffset(bytes, at),
      lastOffsetDelta: batchLastOffsetDelta(bytes, at),
      partitionLeaderEpoch: batchPartitionLeaderEpoch(bytes, at),
      attributes: batchAttributes(bytes, at),
      maxTimestamp: this.#number('', batchMaxTimestamp(bytes, at)),
      producerId: this.#number('producerId', batchProducerId(bytes, at)),
      producerEpoch: batchProducerEpoch(bytes, at),
      baseSequence: batchBaseSequence(bytes, at),
      contents: decodeRecords(bytes, at).map(record => ({
        ...record,
        timestamp: this.#number('', record.timestamp),
        key: record.key?.toString('base64') ?? null,
        value: record.value?.toString('base64') ?? null,
        headers: record.headers.map(header => `${header.key}=${header.value?.toString('base64') ?? null}`),
      })),
    }
  }
}

const identityFields = [
  'baseOffset',
  'offset',
  'name',
  'topic',
  'topicName',
  'topicId',
  'partitionIndex',
  'partition',
  'index',
  'key',
  'groupId',
  'memberId',
  'producerId',
  'resourceType',
  'resourceName',
  'apiKey',
  'feature',
]

function identityOf(value: Tree): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = value as Record<string, unknown>
  const found = identityFields.flatMap(field => (fields[field] === undefined ? [] : [fields[field]]))
  return found.map(part => (typeof part === 'number' ? String(part).padStart(16, '0') : String(part))).join(' ')
}

interface TopicEntry {
  readonly topic: string
  readonly topicId: string
  readonly partitions: Tree[]
}

/** A Fetch answer may name a topic twice, with some of the partitions each time: Kafka puts refused ones last. */
function joinTopics(entries: Tree[]): Tree[] {
  if (!entries.every(isFetchedTopic)) return entries
  const joined = Map.groupBy(entries, ({ topic, topicId }) => `${topic} ${topicId}`)
  return [...joined.values()].map(([first, ...others]) => ({
    ...first,
    partitions: [first, ...others]
      .flatMap(entry => entry?.partitions ?? [])
      .sort((one, other) => (identityOf(one) < identityOf(other) ? -1 : 1)),
  }))
}

function isFetchedTopic(value: Tree): value is TopicEntry {
  return typeof value === 'object' && value !== null && 'topic' in value && 'topicId' in value && 'partitions' in value
}
