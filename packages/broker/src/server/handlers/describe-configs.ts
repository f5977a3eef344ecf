/**
 * DescribeConfigs, versions 1 to 4: settings of topics, of this broker, of all brokers and of groups. ACL checks (with
 * security): DESCRIBE_CONFIGS on the topic or group, or on the cluster for a broker.
 *
 * Left out: levels of loggers, of which none can be set while the broker runs; subscriptions of client metrics, so that
 * each is described by its defaults, as Kafka describes one that does not exist.
 */
import {
  type DescribeConfigsRequest,
  describeConfigsRequest,
  describeConfigsResponse,
  errorCodes,
  errorMessage,
  type MessageInput,
} from '@odradek/protocol'
import { resourceTypes } from '../../core/cluster/alter-configs.ts'
import { type ClusterImage, overridesOf } from '../../core/cluster/cluster-image.ts'
import { type Outcome, refusal } from '../../core/cluster/decision.ts'
import { checkTopicName } from '../../core/cluster/topic-name.ts'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import {
  describeAllBrokersSettings,
  describeBrokerSettings,
  describeClientMetricsSettings,
  describeGroupSettings,
  describeTopicSettings,
  type Setting,
} from '../../core/config/describe-settings.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeConfigsResponse>
type Resource = DescribeConfigsRequest['resources'][number]

export interface DescribeConfigsDependencies {
  readonly image: () => ClusterImage
  readonly config: BrokerConfig
  readonly brokerId: number
}

const knownTypes: readonly number[] = Object.values(resourceTypes)

export function describeConfigsHandler(
  dependencies: DescribeConfigsDependencies,
): ApiHandler<DescribeConfigsRequest, Answer> {
  return apiHandler(describeConfigsRequest, describeConfigsResponse, request => {
    const malformed = request.resources.some(({ resourceType }) => !knownTypes.includes(resourceType))
    const results = request.resources.map(resource => {
      const { resourceType, resourceName } = resource
      const described = malformed ? malformedRequest : describeResource(resource, dependencies)
      if ('errorCode' in described) return { resourceType, resourceName, ...described }
      const configs = described.settings.map(setting => ({
        ...setting,
        synonyms: request.includeSynonyms ? setting.synonyms : [],
        documentation: request.includeDocumentation ? setting.documentation : null,
      }))
      return { resourceType, resourceName, configs }
    })
    return { results }
  })
}

const malformedRequest = refusal('INVALID_REQUEST', errorMessage(errorCodes.INVALID_REQUEST))

function describeResource(
  { resourceType, resourceName: name, configurationKeys }: Resource,
  { image: currentImage, config, brokerId }: DescribeConfigsDependencies,
): { settings: readonly Setting[] } | Outcome {
  const image = currentImage()
  // An empty list asks for all, as null does.
  const names = configurationKeys?.length === 0 ? null : configurationKeys
  switch (resourceType) {
    case resourceTypes.topic: {
      const badName = checkTopicName(name)
      if (badName !== null) return badName
      if (!image.topics.has(name)) return { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: '' }
      const overrides = overridesOf(image, { type: 'topic', name })
      return { settings: describeTopicSettings(config, { overrides, names }) }
    }
    case resourceTypes.broker: {
      if (name === '') return { settings: describeAllBrokersSettings(config, names) }
      const problem = checkBrokerName(name, brokerId)
      return problem ?? { settings: describeBrokerSettings(config, names) }
    }
    case resourceTypes.group: {
      if (name === '') return refusal('INVALID_REQUEST', 'Group name must not be empty')
      const overrides = overridesOf(image, { type: 'group', name })
      return { settings: describeGroupSettings(config, { overrides, names }) }
    }
    case resourceTypes.clientMetrics:
      if (name === '') return refusal('INVALID_REQUEST', 'Client metrics subscription name must not be empty')
      return { settings: describeClientMetricsSettings(names) }
    default:
      if (name === '') return refusal('INVALID_REQUEST', 'Broker id must not be empty')
      return checkLoggerName(name, brokerId) ?? { settings: [] }
  }
}

function checkBrokerName(name: string, brokerId: number): Outcome | null {
  if (!/^[+-]?\d+$/.test(name)) return refusal('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  if (Number(name) === brokerId) return null
  return refusal('INVALID_REQUEST', `Unexpected broker id, expected ${brokerId} or empty string, but received ${name}`)
}

function checkLoggerName(name: string, brokerId: number): Outcome | null {
  if (!/^[+-]?\d+$/.test(name)) return refusal('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  if (Number(name) === brokerId) return null
  return refusal('INVALID_REQUEST', `Unexpected broker id, expected ${brokerId} but received ${name}`)
}
