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

/** Sets the given settings of a topic, and takes back to their defaults those that are null (KIP-339). */
export async function alterTopicConfigs(
  cluster: ClusterClient,
  topic: string,
  changes: ReadonlyMap<string, string | null>,
): Promise<void> {
  const SET = 0
  const DELETE = 1
  const answer = await cluster.send('controller', incrementalAlterConfigsRequest, incrementalAlterConfigsResponse, {
    resources: [
      {
        resourceType: TOPIC,
        resourceName: topic,
        configs: Array.from(changes, ([name, value]) => ({
          name,
          configOperation: value === null ? DELETE : SET,
          value,
        })),
      },
    ],
    validateOnly: false,
  })
  for (const result of answer.responses) KafkaError.check(result.errorCode, result.errorMessage)
}
