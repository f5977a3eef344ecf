/**
 * A client that asks every broker for metadata, and believes the newest that any of them says: a broker that is cut off goes on to
 * say what it knew, and whoever asks it alone is taken in for as long as the cut lasts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterClient, type ClusterOptions, ConnectionError } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { type MetadataResponse, metadataRequest, metadataResponse } from '@odradek/protocol'

/** One that is paused or dead is not waited for. */
const patienceMs = 250

type Topic = MetadataResponse['topics'][number]
type Partition = Topic['partitions'][number]

export class Observer extends ClusterClient {
  /** For each broker, by its id. */
  readonly #clients: ReadonlyMap<number, ClusterClient>
  #isClosed = false

  /** @param bootstraps - the addresses of the brokers 1, 2… */
  constructor(bootstraps: readonly string[]) {
    const options = {
      platform: createNodePlatform(),
      clientId: 'observer',
      timeoutMs: 1000,
      retryForMs: 10_000,
    } satisfies Omit<ClusterOptions, 'bootstrap'>
    super({ ...options, bootstrap: bootstraps.join() })
    // Whoever waits for a certain broker asks it again himself.
    const oneTry = { ...options, retryForMs: options.timeoutMs }
    this.#clients = new Map(
      bootstraps.map((bootstrap, index) => [index + 1, new ClusterClient({ ...oneTry, bootstrap })]),
    )
  }

  override async metadata(
    topics: readonly string[] | null,
    { allowAutoTopicCreation = false } = {},
  ): Promise<MetadataResponse> {
    this.#assertOpen()
    const body = { topics: topics === null ? null : topics.map(name => ({ name })), allowAutoTopicCreation }
    const asked = Array.from(this.#clients, ([node, client]) => {
      const answer = client.send({ node }, metadataRequest, metadataResponse, body)
      return Promise.race([answer, sleep(patienceMs, null, { ref: false })]).catch(() => null)
    })
    const [first, ...others] = (await Promise.all(asked)).filter(answer => answer !== null)
    if (first === undefined) throw new ConnectionError('no broker answers')
    return others.reduce(newer, first)
  }

  override send: ClusterClient['send'] = async (to, ...args) => {
    this.#assertOpen()
    const client = typeof to === 'object' && 'node' in to ? this.#clients.get(to.node) : undefined
    return client === undefined ? super.send(to, ...args) : client.send(to, ...args)
  }

  /** No error worth another try: it ends those who go on over any trouble of the brokers. */
  #assertOpen(): void {
    if (this.#isClosed) throw new Error('the observer has been closed')
  }

  override async close(): Promise<void> {
    this.#isClosed = true
    await super.close()
    for (const client of this.#clients.values()) await client.close()
  }
}

function newer(left: MetadataResponse, right: MetadataResponse): MetadataResponse {
  const [fewer, more] = left.brokers.length < right.brokers.length ? [left, right] : [right, left]
  const known = new Map(fewer.topics.map(topic => [topic.name, topic]))
  return { ...more, topics: more.topics.map(topic => newerTopic(topic, known.get(topic.name))) }
}

function newerTopic(topic: Topic, other: Topic | undefined): Topic {
  if (other === undefined) return topic
  return { ...topic, partitions: topic.partitions.map(left => newerPartition(left, other)) }
}

function newerPartition(left: Partition, { partitions }: Topic): Partition {
  const right = partitions.find(({ partitionIndex }) => partitionIndex === left.partitionIndex)
  return right !== undefined && isNewer(right, left) ? right : left
}

/** Of one epoch, the one with fewer in sync: whoever cannot hear does not know who has been left behind. */
function isNewer(one: Partition, other: Partition): boolean {
  if (one.leaderEpoch !== other.leaderEpoch) return one.leaderEpoch > other.leaderEpoch
  return one.isrNodes.length < other.isrNodes.length
}
