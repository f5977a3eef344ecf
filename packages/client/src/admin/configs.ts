import {
  describeConfigsRequest,
  describeConfigsResponse,
  errorCodes,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'

const TOPIC = 2
const BROKER = 4

/** AlterConfigOp. */
const SET = 0
const DELETE = 1

/** ConfigSource of DescribeConfigs: where a value comes from. */
const DYNAMIC_TOPIC_CONFIG = 1

export interface ConfigValue {
  readonly name: string
  /** Null where it is sensitive or has none. */
  readonly value: string | null
  /** Set for this topic, not inherited from the broker. */
  readonly own: boolean
}

/** All settings of a topic, in the broker's order. */
export async function describeTopicConfigs(cluster: ClusterClient, topic: string): Promise<ConfigValue[]> {
  const answer = await cluster.send('any', describeConfigsRequest, describeConfigsResponse, {
    resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  return answer.results.flatMap(result => {
    KafkaError.check(result.errorCode, result.errorMessage)
    return result.configs.map(config => ({
      name: config.name,
      value: config.value,
      own: config.configSource === DYNAMIC_TOPIC_CONFIG,
    }))
  })
}

/** The value of one setting in force for each topic, by topic; topics that are gone meanwhile are left out. */
export async function topicConfigOf(
  cluster: ClusterClient,
  topics: readonly string[],
  setting: string,
): Promise<ReadonlyMap<string, string>> {
  if (topics.length === 0) return new Map()
  const answer = await cluster.send('any', describeConfigsRequest, describeConfigsResponse, {
    resources: topics.map(name => ({ resourceType: TOPIC, resourceName: name, configurationKeys: [setting] })),
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const values = new Map<string, string>()
  for (const { errorCode, errorMessage, resourceName, configs } of answer.results) {
    if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) continue
    KafkaError.check(errorCode, errorMessage)
    const value = configs.find(({ name }) => name === setting)?.value
    if (typeof value === 'string') values.set(resourceName, value)
  }
  return values
}

/** By name; null takes a setting back to its default (KIP-339). */
export type ConfigChanges = ReadonlyMap<string, string | null>

/** Sets the given settings of a topic. */
export async function alterTopicConfigs(cluster: ClusterClient, topic: string, changes: ConfigChanges): Promise<void> {
  await alterConfigs(cluster, 'controller', { resourceType: TOPIC, resourceName: topic }, changes)
}

/** Sets the given settings of a running broker, which only the broker itself does. */
export async function alterBrokerConfigs(
  cluster: ClusterClient,
  brokerId: number,
  changes: ConfigChanges,
): Promise<void> {
  const resource = { resourceType: BROKER, resourceName: String(brokerId) }
  await alterConfigs(cluster, { node: brokerId }, resource, changes)
}

async function alterConfigs(
  cluster: ClusterClient,
  to: 'controller' | { readonly node: number },
  resource: { readonly resourceType: number; readonly resourceName: string },
  changes: ConfigChanges,
): Promise<void> {
  const configs = Array.from(changes, ([name, value]) => ({
    name,
    configOperation: value === null ? DELETE : SET,
    value,
  }))
  const answer = await cluster.send(to, incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, {
    resources: [{ ...resource, configs }],
    validateOnly: false,
  })
  for (const result of answer.responses) KafkaError.check(result.errorCode, result.errorMessage)
}
