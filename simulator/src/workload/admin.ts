import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
  createTopicsRequest,
  createTopicsResponse,
  deleteRecordsRequest,
  deleteRecordsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  encodeBatch,
  errorCodes,
  errorName,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import { type Client, isPassing } from '../client.ts'
import { recordValue } from '../ledger.ts'
import type { TopicPlan } from '../plan.ts'
import { Violation } from '../verdict.ts'
import { newClient, type World } from '../world.ts'
import { fetchOnce } from './reader.ts'

/** Creates a topic, whatever happens meanwhile. */
export async function createTopic(client: Client, topic: TopicPlan): Promise<void> {
  const { name, partitions, replicationFactor, configs } = topic
  const { errorCode } = await client.persist(async () => {
    const { topics } = await client.ask(client.anyBroker(), createTopicsRequest, createTopicsResponse, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 3000,
      validateOnly: false,
    })
    const code = topics[0]?.errorCode ?? errorCodes.NETWORK_EXCEPTION
    // Too few brokers are there just now.
    const waits = code === errorCodes.INVALID_REPLICATION_FACTOR
    return { errorCode: waits ? errorCodes.BROKER_NOT_AVAILABLE : code, answer: null }
  }, 500)
  if (errorCode !== errorCodes.NONE && errorCode !== errorCodes.TOPIC_ALREADY_EXISTS) {
    throw new Violation('topics', `${name} was not created: ${errorName(errorCode)}`)
  }
}

/** The smallest in-sync set that acknowledges, for all topics: those of the cluster itself, too. */
export async function setMinInSyncReplicas(client: Client, count: number): Promise<void> {
  const { errorCode } = await client.persist(async () => {
    const body = {
      resources: [
        {
          resourceType: brokerResource,
          resourceName: '',
          configs: [{ name: 'min.insync.replicas', configOperation: 0, value: String(count) }],
        },
      ],
      validateOnly: false,
    }
    const { responses } = await client.ask(
      client.anyBroker(),
      incrementalAlterConfigsRequest,
      incrementalAlterConfigsResponse,
      body,
    )
    return { errorCode: responses[0]?.errorCode ?? errorCodes.NETWORK_EXCEPTION, answer: null }
  }, 300)
  if (errorCode !== errorCodes.NONE) throw new Violation('topics', `min.insync.replicas: ${errorName(errorCode)}`)
}

const brokerResource = 4

/** Topics of one name that come and go: each is a new one, and holds nothing of the one before. */
export async function changeTopics(world: World): Promise<void> {
  const name = 'passing'
  const client = newClient(world, 'topics')
  const { random } = client
  const homes: Homes = new Map()
  for (let life = 0; !world.isClosing(); life++) {
    await createTopic(client, { name, partitions: 1, replicationFactor: 3, configs: {} })
    const records = random.integer(6)
    for (let number = 0; number < records && !world.isClosing(); number++) {
      await produceOne(world, client, name, { life, value: recordValue(`life-${life}`, number, 10), homes })
    }
    await client.sleep(random.pick([10, 500, 5000]))
    await readLives(world, client, name, homes)
    await deleteTopic(client, name)
    await client.sleep(random.pick([0, 0, 300, 3000]))
  }
}

/**
 * The ids of the topics that the records of a life were sent to: a broker that lags behind may say that the topic is deleted, or
 * that it exists, when it is not so, and then two lives share a topic.
 */
type Homes = Map<number, Set<string>>

async function produceOne(
  world: World,
  client: Client,
  topic: string,
  { life, value, homes }: { readonly life: number; readonly value: string; readonly homes: Homes },
): Promise<void> {
  for (;;) {
    const leader = (await client.findLeader(topic, 0)) ?? null
    if (leader !== null) {
      const records = encodeBatch({ records: [{ timestamp: client.nowMs, value }] })
      homes.set(life, (homes.get(life) ?? new Set()).add(leader.topicId))
      const answer = await client.attempt(() =>
        client.ask(leader.broker, produceRequest, produceResponse, {
          transactionalId: null,
          acks: -1,
          timeoutMs: 2000,
          topicData: [{ name: topic, topicId: leader.topicId, partitionData: [{ index: 0, records }] }],
        }),
      )
      const found = answer?.responses[0]?.partitionResponses[0]
      if (found?.errorCode === errorCodes.NONE) {
        world.ledger.acknowledge(leader.topicId, 0, found.baseOffset, [value])
        return
      }
      if (found !== undefined && !isPassing(found.errorCode)) {
        throw new Violation('producers', `${topic} at broker ${leader.broker}: ${errorName(found.errorCode)}`)
      }
    }
    if (world.isClosing()) return
    await client.sleep(100)
  }
}

/** From the start: no record is in a topic that it was not sent to. */
async function readLives(world: World, client: Client, topic: string, homes: Homes): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    await client.findLeader(topic, 0)
    const fetched = await fetchOnce(world, client, { topic, partition: 0, offset: 0, maxWaitMs: 100 })
    if (fetched === null) {
      await client.sleep(100)
      continue
    }
    for (const [, life] of fetched.records.toString('latin1').matchAll(/life-(\d+):/g)) {
      if (homes.get(Number(life))?.has(fetched.topicId)) continue
      throw new Violation(
        'topics',
        `${topic}: a record of life ${life} in ${fetched.topicId}, which it was not sent to`,
      )
    }
    return
  }
}

async function deleteTopic(client: Client, name: string): Promise<void> {
  const { errorCode } = await client.persist(async () => {
    const { responses } = await client.ask(client.anyBroker(), deleteTopicsRequest, deleteTopicsResponse, {
      topics: [{ name }],
      topicNames: [name],
      timeoutMs: 3000,
    })
    const code = responses[0]?.errorCode ?? errorCodes.NETWORK_EXCEPTION
    return { errorCode: code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION ? errorCodes.NONE : code, answer: null }
  }, 300)
  if (errorCode !== errorCodes.NONE) throw new Violation('topics', `${name} was not deleted: ${errorName(errorCode)}`)
}

/** Deletes what readers have read, now and then: replicas that were away find that their leader no longer has what they lack. */
export async function deleteRecords(
  world: World,
  places: readonly { readonly topic: string; readonly partition: number }[],
): Promise<void> {
  const client = newClient(world, 'deletions')
  const { random } = client
  while (!world.isClosing()) {
    await client.sleep(random.pick([1000, 4000, 10_000]))
    const { topic, partition } = random.pick(places)
    const leader = await client.findLeader(topic, partition)
    if (leader === null) continue
    const { topicId, broker } = leader
    const from = world.ledger.deletedTo(topicId, partition)
    const offset = from + random.integer(world.ledger.readTo(topicId, partition) - from + 1)
    world.ledger.willDelete(topicId, partition, offset)
    const answer = await client.attempt(() =>
      client.ask(broker, deleteRecordsRequest, deleteRecordsResponse, {
        topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
        timeoutMs: 3000,
      }),
    )
    const errorCode = answer?.topics[0]?.partitions[0]?.errorCode
    const outcome = errorCode === undefined ? 'no answer' : errorName(errorCode)
    world.note('deletions', `${topic}-${partition} up to ${offset}: ${outcome}`)
  }
}

/** Moves partitions of the lasting topics to other brokers, and back. */
export async function reassign(world: World): Promise<void> {
  const client = newClient(world, 'reassignments')
  const { random } = client
  while (!world.isClosing()) {
    await client.sleep(random.pick([2000, 6000, 15_000]))
    const topic = random.pick(world.plan.topics)
    const partitionIndex = random.integer(topic.partitions)
    const count = Math.min(world.plan.brokerIds.length, topic.replicationFactor)
    const left = [...world.plan.brokerIds]
    const replicas = Array.from({ length: count }, () => left.splice(random.integer(left.length), 1)[0] ?? 1)
    const answer = await client.attempt(() =>
      client.ask(client.anyBroker(), alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse, {
        timeoutMs: 3000,
        topics: [{ name: topic.name, partitions: [{ partitionIndex, replicas }] }],
      }),
    )
    const code = answer?.responses[0]?.partitions[0]?.errorCode ?? answer?.errorCode
    world.note(
      'reassignments',
      `${topic.name}-${partitionIndex} to ${replicas}: ${code === undefined ? 'no answer' : errorName(code)}`,
    )
  }
}
