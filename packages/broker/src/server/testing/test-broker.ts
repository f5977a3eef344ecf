import type { TestContext } from 'node:test'
import { createNodePlatform } from '@odradek/platform/node'
import {
  createTopicsRequest,
  createTopicsResponse,
  encodeBatch,
  errorCodes,
  metadataRequest,
  metadataResponse,
  produceRequest,
  produceResponse,
  type RecordInput,
} from '@odradek/protocol'
import { type RunningBroker, type StartBrokerOptions, startBroker } from '../../start-broker.ts'
import { TestClient } from './test-client.ts'

/** A broker in memory that ends with the test. */
export async function testBroker(t: TestContext, options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const broker = await startBroker(options)
  t.after(() => broker.stop())
  return broker
}

/** A connection to it that ends with the test. */
export async function testClient(t: TestContext, broker: RunningBroker): Promise<TestClient> {
  const client = await TestClient.connect(createNodePlatform().network, { host: '127.0.0.1', port: broker.port })
  t.after(() => client.close())
  return client
}

export async function createTopic(
  client: TestClient,
  name: string,
  { partitions = 1, configs = {} as Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { topics } = await client.send(
    createTopicsRequest,
    createTopicsResponse,
    {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs: 5000,
    },
    { version: 5 },
  )
  const errorCode = topics[0]?.errorCode
  if (errorCode !== errorCodes.NONE) throw new Error(`topic ${name} was not created: error ${errorCode}`)
}

export async function topicIdOf(client: TestClient, name: string): Promise<string> {
  const { topics } = await client.send(metadataRequest, metadataResponse, { topics: [{ name }] }, { version: 12 })
  return topics[0]?.topicId ?? ''
}

export function batchOf(...values: string[]): Buffer {
  const records: RecordInput[] = values.map(value => ({ timestamp: 1, key: null, value: Buffer.from(value) }))
  return encodeBatch({ records, compression: 'none' })
}

export interface Produced {
  readonly errorCode: number
  readonly baseOffset: number
}

export async function produce(
  client: TestClient,
  topic: string,
  { partition = 0, records = batchOf('a') as Buffer | null, acks = -1, version = 9 } = {},
): Promise<Produced> {
  const { responses } = await client.send(
    produceRequest,
    produceResponse,
    { acks, timeoutMs: 1000, topicData: [{ name: topic, partitionData: [{ index: partition, records }] }] },
    { version },
  )
  const [answer] = responses[0]?.partitionResponses ?? []
  if (answer === undefined) throw new Error('produce: an answer without a partition')
  return answer
}
