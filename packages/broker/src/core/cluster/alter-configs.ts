// Changes of configs, as a whole (AlterConfigs) or setting by setting (IncrementalAlterConfigs): both come down to the
// settings that a resource is to have afterwards, which are checked and written as one value.

import { errorCodes } from '@odradek/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { brokerDefinition, brokerSettings } from '../config/broker-settings.ts'
import { checkDynamicBrokerConfig } from '../config/check-dynamic-broker-config.ts'
import { checkGroupConfig } from '../config/check-group-config.ts'
import { checkTopicConfig } from '../config/check-topic-config.ts'
import { groupSettings } from '../config/settings/group-settings.ts'
import { topicDefinition } from '../config/topic-config.ts'
import type { ClusterChange } from './cluster-change.ts'
import { type ClusterImage, type ConfigOverrides, type ConfigResource, overridesOf } from './cluster-image.ts'
import { type Decision, type DivisibleRequest, type Outcome, refusal, success } from './decision.ts'
import { checkTopicName } from './topic-name.ts'

/** Codes of ConfigResource.Type. */
export const resourceTypes = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const
/** Codes of AlterConfigOp.OpType. */
export const alterOperations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface ConfigAlteration {
  readonly resourceType: number
  readonly resourceName: string
  /** AlterConfigs: all settings that shall be. IncrementalAlterConfigs: an operation each. */
  readonly configs: readonly {
    readonly name: string
    readonly value: string | null
    readonly configOperation?: number
  }[]
}

export interface AlterConfigsInput {
  readonly resources: readonly ConfigAlteration[]
  readonly incremental: boolean
  readonly validateOnly: boolean
  readonly config: BrokerConfig
  readonly brokerId: number
}

export interface AlteredResource {
  readonly resourceType: number
  readonly resourceName: string
  readonly outcome: Outcome
}

/** One answer a resource, in the request's order. */
export function divideAlterConfigs(input: AlterConfigsInput): DivisibleRequest<ConfigAlteration, AlteredResource> {
  const byResource = Map.groupBy(input.resources, nameOf)
  const isRepeated = (resource: ConfigAlteration) => (byResource.get(nameOf(resource))?.length ?? 0) > 1
  return {
    items: input.resources,
    decide: (image, resources) => decideAlterations(image, resources, { ...input, isRepeated }),
    answer: altered => [...altered],
  }
}

function nameOf({ resourceType, resourceName }: ConfigAlteration): string {
  return `${resourceType}/${resourceName}`
}

function decideAlterations(
  image: ClusterImage,
  resources: readonly ConfigAlteration[],
  input: AlterConfigsInput & { isRepeated(resource: ConfigAlteration): boolean },
): Decision<AlteredResource[]> {
  const changes: ConfigChange[] = []
  const answer = resources.map(resource => {
    const { resourceType, resourceName } = resource
    const result = input.isRepeated(resource)
      ? refusal('INVALID_REQUEST', 'Each resource must appear at most once.')
      : decideResource(image, resource, input)
    if ('errorCode' in result) return { resourceType, resourceName, outcome: result }
    changes.push(...result.changes)
    return { resourceType, resourceName, outcome: success }
  })
  if (input.validateOnly) return { changes: [], answer }
  // Settings of a topic that is deleted in this moment would be those of the next topic of that name.
  const topics = changes.filter(({ resource }) => resource.type === 'topic')
  return {
    changes,
    alsoUnchanged: topics.map(({ resource: { name } }) => ({ kind: 'topic', name, value: null })),
    answer,
  }
}

type ConfigChange = Extract<ClusterChange, { readonly kind: 'config' }>

function decideResource(
  image: ClusterImage,
  alteration: ConfigAlteration,
  input: AlterConfigsInput,
): { changes: ConfigChange[] } | Outcome {
  const malformed = checkForm(alteration)
  if (malformed !== null) return malformed
  const resource = resourceOf(alteration, input)
  if ('errorCode' in resource) return resource
  const before = overridesOf(image, resource)
  const after = input.incremental ? applyOperations(alteration, resource, before) : wholeOf(alteration)
  if ('errorCode' in after) return after
  const named = new Set(alteration.configs.map(({ name }) => name))
  const problem = checkResource(image, resource, { before, after: after.overrides, named }, input.config)
  if (problem !== null) return problem
  if (sameSettings(before, after.overrides)) return { changes: [] }
  const empty = Object.keys(after.overrides).length === 0
  return { changes: [{ kind: 'config', resource, value: empty ? null : after.overrides }] }
}

function checkForm({ configs }: ConfigAlteration): Outcome | null {
  if (new Set(configs.map(({ name }) => name)).size !== configs.length) {
    return refusal('INVALID_REQUEST', 'Error due to duplicate config keys')
  }
  const missing = configs.filter(
    ({ value, configOperation }) => value === null && configOperation !== alterOperations.delete,
  )
  if (missing.length === 0) return null
  const names = missing.map(({ name }) => name).join(', ')
  return refusal('INVALID_REQUEST', `Null value not supported for : ${names}`)
}

function resourceOf(
  { resourceType, resourceName: name }: ConfigAlteration,
  input: AlterConfigsInput,
): ConfigResource | Outcome {
  switch (resourceType) {
    case resourceTypes.topic:
      return { type: 'topic', name }
    case resourceTypes.group:
      return { type: 'group', name }
    case resourceTypes.broker: {
      if (name === '') return { type: 'broker', name }
      if (!/^[+-]?\d+$/.test(name)) {
        return refusal('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`)
      }
      if (Number(name) !== input.brokerId) {
        return refusal('INVALID_REQUEST', `Unexpected broker id, expected ${input.brokerId}, but received ${name}`)
      }
      return { type: 'broker', name: String(Number(name)) }
    }
    case resourceTypes.clientMetrics:
      return refusal('INVALID_REQUEST', 'Odradek does not collect the metrics of clients yet.')
    case resourceTypes.brokerLogger:
      if (!input.incremental) return refusal('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
      return refusal('INVALID_REQUEST', 'Odradek does not change the levels of loggers at run time.')
    default:
      return refusal('INVALID_REQUEST', `Unknown resource type ${resourceType}`)
  }
}

function wholeOf({ configs }: ConfigAlteration): { overrides: ConfigOverrides } {
  return { overrides: Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])) }
}

function applyOperations(
  { configs }: ConfigAlteration,
  resource: ConfigResource,
  before: ConfigOverrides,
): { overrides: ConfigOverrides } | Outcome {
  // Names come from outside: as keys of a map, none of them is special.
  const after = new Map(Object.entries(before))
  for (const { name, value, configOperation } of configs) {
    switch (configOperation) {
      case alterOperations.set:
        after.set(name, value ?? '')
        break
      case alterOperations.delete:
        after.delete(name)
        break
      case alterOperations.append:
      case alterOperations.subtract: {
        const append = configOperation === alterOperations.append
        const definition = definitionOf(resource, name)
        if (resource.type === 'broker' && !Object.hasOwn(brokerSettings, name)) {
          return refusal('INVALID_CONFIG', `Unknown config name: ${name}`)
        }
        if (definition?.type !== 'list') {
          const verb = append ? 'APPEND' : 'SUBTRACT'
          return refusal('INVALID_CONFIG', `Can't ${verb} to key ${name} because its type is not LIST.`)
        }
        const present = (after.get(name) ?? definition.defaultText ?? '').split(',').filter(part => part !== '')
        const given = (value ?? '').split(',')
        const parts = append
          ? [...present, ...given.filter(part => !present.includes(part))]
          : present.filter(part => !given.includes(part))
        after.set(name, parts.join(','))
        break
      }
      default:
        if (resource.type === 'broker') return refusal('INVALID_REQUEST', `Unknown operations type ${configOperation}`)
        return { errorCode: errorCodes.UNKNOWN_SERVER_ERROR, errorMessage: null }
    }
  }
  return { overrides: Object.fromEntries(after) }
}

function definitionOf(resource: ConfigResource, name: string) {
  if (resource.type === 'topic') return topicDefinition(name)
  if (resource.type === 'broker') return brokerDefinition(name)
  return Object.hasOwn(groupSettings, name) ? groupSettings[name as keyof typeof groupSettings] : undefined
}

const valueLengthMax = 32_767

function checkResource(
  image: ClusterImage,
  { type, name }: ConfigResource,
  { before, after, named }: { before: ConfigOverrides; after: ConfigOverrides; named: ReadonlySet<string> },
  config: BrokerConfig,
): Outcome | null {
  if (Object.values(after).some(value => value.length > valueLengthMax)) {
    const message = `The configuration value cannot be added because it exceeds the maximum value size of ${valueLengthMax} bytes.`
    return refusal('INVALID_CONFIG', message)
  }
  if (type === 'topic') {
    if (name === '') return refusal('INVALID_REQUEST', 'Default topic resources are not allowed.')
    const badName = checkTopicName(name)
    if (badName !== null) return badName
    const problem = checkTopicConfig(config, after, before)
    if (problem !== null) return refusal('INVALID_CONFIG', problem)
    return image.topics.has(name) ? null : refusal('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
  }
  if (type === 'group') {
    if (name === '') return refusal('INVALID_REQUEST', 'Default group resources are not allowed.')
    const problem = checkGroupConfig(after, before)
    return problem === null ? null : refusal('INVALID_CONFIG', problem)
  }
  return checkDynamicBrokerConfig({ after, before, named, perBroker: name !== '' })
}

function sameSettings(a: ConfigOverrides, b: ConfigOverrides): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}
