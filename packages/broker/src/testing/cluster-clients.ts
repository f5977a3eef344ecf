/** For tests: a producer and a reader that go on over whatever happens to the brokers. */
import { type ClusterClient, ConnectionError, KafkaError } from '@odradek/client'
import type { Clock } from '@odradek/platform'
import {
  createTopicsRequest,
  createTopicsResponse,
  decodeRecords,
  deleteRecordsRequest,
  deleteRecordsResponse,
  encodeBatch,
  errorCodes,
  type FetchResponse,
  fetchRequest,
  fetchResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  isRetriable,
  iterateBatches,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'

const pauseMs = 50

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise(resolve => clock.after(delayMs, resolve))
}

/** Asks until there is an answer that is no error worth another try. */
async function persist<A>(clock: Clock, ask: () => Promise<{ errorCode: number; answer: A }>): Promise<A> {
  for (;;) {
    try {
      const { errorCode, answer } = await ask()
      if (errorCode === errorCodes.NONE) return answer
      if (!isRetriable(errorCode)) throw new KafkaError(errorCode)
    } catch (error) {
      if (!(error instanceof ConnectionError) && !(error instanceof KafkaError && error.retriable)) throw error
    }
    await sleep(clock, pauseMs)
  }
}

export async function createReplicatedTopic(
  { client, clock }: { client: ClusterClient; clock: Clock },
  name: string,
  {
    partitions = 1,
    replicationFactor = 3,
    configs = {} as Readonly<Record<string, string>>,
    /** Brokers of the only partition; else the cluster chooses. */
    assignment = [] as readonly number[],
  } = {},
): Promise<void> {
  await persist(clock, async () => {
    const { topics } = await client.send('any', createTopicsRequest, createTopicsResponse, {
      topics: [
        {
          name,
          ...(assignment.length > 0
            ? { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: assignment }] }
            : { numPartitions: partitions, replicationFactor, assignments: [] }),
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 3000,
      validateOnly: false,
    })
    const code = topics[0]?.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR
    return { errorCode: code === errorCodes.TOPIC_ALREADY_EXISTS ? errorCodes.NONE : code, answer: null }
  })
}

/** An idempotent producer to one partition: what it has been told is acknowledged, once and in order. */
export class TestProducer {
  readonly #client: ClusterClient
  readonly #clock: Clock
  readonly #topic: string
  readonly #partition: number
  #producerId = -1
  #sequence = 0

  constructor(options: { client: ClusterClient; clock: Clock; topic: string; partition?: number }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#topic = options.topic
    this.#partition = options.partition ?? 0
  }

  /** Resolves to the offset once all in-sync replicas have it, however often it has to be sent. */
  async send(value: string): Promise<number> {
    if (this.#producerId < 0) this.#producerId = await this.#newProducerId()
    const baseSequence = this.#sequence++
    return persist(this.#clock, async () => {
      const leader = await leaderOf(this.#client, this.#topic, this.#partition)
      const records = encodeBatch({
        records: [{ timestamp: this.#clock.now(), value }],
        producerId: this.#producerId,
        producerEpoch: 0,
        baseSequence,
      })
      const { responses } = await this.#client.send(
        { node: leader },
        produceRequest,
        produceResponse,
        {
          transactionalId: null,
          acks: -1,
          timeoutMs: 2000,
          topicData: [{ name: this.#topic, topicId: '', partitionData: [{ index: this.#partition, records }] }],
        },
        { maxVersion: 12 },
      )
      const answer = responses[0]?.partitionResponses[0]
      return { errorCode: answer?.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR, answer: answer?.baseOffset ?? -1 }
    })
  }

  #newProducerId(): Promise<number> {
    return persist(this.#clock, async () => {
      const answer = await this.#client.send('any', initProducerIdRequest, initProducerIdResponse, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
        enable2Pc: false,
        keepPreparedTxn: false,
      })
      return { errorCode: answer.errorCode, answer: answer.producerId }
    })
  }
}

/** All that consumers may see of a partition now, by offset. */
export async function readPartition(
  { client, clock }: { client: ClusterClient; clock: Clock },
  topic: string,
  partition = 0,
): Promise<Map<number, string>> {
  const values = new Map<number, string>()
  for (let offset = 0; ; ) {
    const answer = await persist(clock, async () => {
      const leader = await leaderOf(client, topic, partition)
      const found = await fetchOnce(client, { node: leader, topic, partition, offset })
      return { errorCode: found.errorCode, answer: found }
    })
    const records = answer.records ?? Buffer.alloc(0)
    for (const at of iterateBatches(records)) {
      for (const record of decodeRecords(records, at)) {
        if (record.offset >= offset) values.set(record.offset, record.value?.toString() ?? '')
      }
    }
    const end = Math.max(-1, ...values.keys()) + 1
    if (end <= offset || end >= answer.highWatermark) return values
    offset = end
  }
}

/** What one broker says of a partition, without waiting. */
export async function fetchOnce(
  client: ClusterClient,
  { node, topic, partition = 0, offset = 0, rack = '' }: FetchedFrom,
): Promise<FetchResponse['responses'][number]['partitions'][number]> {
  const { responses } = await client.send(
    { node },
    fetchRequest,
    fetchResponse,
    {
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }] }],
      forgottenTopicsData: [],
      rackId: rack,
    },
    { maxVersion: 12 },
  )
  const found = responses[0]?.partitions[0]
  if (found === undefined) throw new KafkaError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  return found
}

/** What one broker says to the deletion of a partition's records before the offset. */
export async function deleteRecords(
  client: ClusterClient,
  { node, topic, offset, timeoutMs = 2000 }: { node: number; topic: string; offset: number; timeoutMs?: number },
): Promise<{ readonly errorCode: number; readonly lowWatermark: number }> {
  const { topics } = await client.send({ node }, deleteRecordsRequest, deleteRecordsResponse, {
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
    timeoutMs,
  })
  const { errorCode = errorCodes.UNKNOWN_SERVER_ERROR, lowWatermark = -1 } = topics[0]?.partitions[0] ?? {}
  return { errorCode, lowWatermark }
}

interface FetchedFrom {
  readonly node: number
  readonly topic: string
  readonly partition?: number
  readonly offset?: number
  /** The consumer's. */
  readonly rack?: string
}

async function leaderOf(client: ClusterClient, topic: string, partition: number): Promise<number> {
  const { topics } = await client.metadata([topic])
  const found = topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
  if (found === undefined) throw new KafkaError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  if (found.leaderId < 0) throw new KafkaError(errorCodes.LEADER_NOT_AVAILABLE)
  return found.leaderId
}
