// Settings as DescribeConfigs and CreateTopics show them: value, source, type, and all that the value was chosen from.

import type { ConfigOverrides } from '../cluster/cluster-image.ts'
import type { BrokerConfig, BrokerConfigSource } from './broker-config.ts'
import { brokerDefinition, brokerSettings } from './broker-settings.ts'
import type { ConfigDefinition } from './config-definition.ts'
import { inJavaMapOrder } from './java-map-order.ts'
import { clientMetricsSettings } from './settings/client-metrics-settings.ts'
import { dynamicSettings } from './settings/dynamic-settings.ts'
import { groupSettings } from './settings/group-settings.ts'
import { topicSettings } from './settings/topic-settings.ts'
import { inMilliseconds, TopicConfig } from './topic-config.ts'

/** Codes of DescribeConfigsResponse.ConfigSource. */
const sources = { topic: 1, broker: 2, allBrokers: 3, static: 4, default: 5, group: 8 } as const

const sourceOf: Readonly<Record<BrokerConfigSource, number>> = {
  broker: sources.broker,
  'all-brokers': sources.allBrokers,
  static: sources.static,
  default: sources.default,
}

/** Codes of DescribeConfigsResponse.ConfigType. */
const types = { boolean: 1, string: 2, int: 3, short: 4, long: 5, double: 6, list: 7, class: 8, password: 9 } as const

export interface Setting {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
  readonly configType: number
  readonly documentation: string | null
}

/** Null: all that are not internal, and the internal ones that are set. */
export type SettingNames = readonly string[] | null

export function describeTopicSettings(
  broker: BrokerConfig,
  { overrides, names }: { overrides: ConfigOverrides; names: SettingNames },
): Setting[] {
  const config = new TopicConfig(broker, overrides)
  return shownNames(topicSettings, names, name => name in overrides).map(([name, definition]) => {
    const [finest] = definition.synonyms
    const inherited = finest === undefined ? [] : brokerSynonymsOf(broker, finest)
    const own = overrides[name] === undefined ? [] : [{ name, value: config.text(name), source: sources.topic }]
    return setting({ name, definition, value: config.text(name), synonyms: [...own, ...inherited], readOnly: false })
  })
}

/** The settings of this broker. Those that are only there while they are set come first, as in Kafka. */
export function describeBrokerSettings(broker: BrokerConfig, names: SettingNames): Setting[] {
  const isSet = (name: string): boolean => broker.isSet(name)
  const dynamic = Object.entries(dynamicSettings).filter(([name]) => isSet(name) && (names?.includes(name) ?? true))
  return [...dynamic, ...shownNames(brokerSettings, names, isSet)].map(([name, definition]) =>
    setting({
      name,
      definition,
      value: broker.text(name),
      synonyms: brokerSynonymsOf(broker, name),
      readOnly: definition.update === 'read-only',
    }),
  )
}

/** What was set on all brokers while they run. */
export function describeAllBrokersSettings(broker: BrokerConfig, names: SettingNames): Setting[] {
  return [...broker.allBrokersSettings()].flatMap(([name, value]) => {
    const definition = brokerDefinition(name)
    if (definition === undefined || (names !== null && !names.includes(name))) return []
    const synonyms = brokerSynonymsOf(broker, name).filter(({ source }) => source === sources.allBrokers)
    return [setting({ name, definition, value, synonyms, readOnly: definition.update === 'read-only' })]
  })
}

export function describeGroupSettings(
  broker: BrokerConfig,
  { overrides, names }: { overrides: ConfigOverrides; names: SettingNames },
): Setting[] {
  return shownNames(groupSettings, names, name => name in overrides).map(([name, definition]) => {
    const [synonym] = definition.synonyms
    const inherited =
      synonym === undefined
        ? [{ name, value: definition.defaultText, source: sources.default }]
        : brokerSynonymsOf(broker, synonym)
    const own = overrides[name]
    const value = own ?? (synonym === undefined ? definition.defaultText : broker.text(synonym))
    const synonyms = own === undefined ? inherited : [{ name, value: own, source: sources.group }, ...inherited]
    return setting({ name, definition, value, synonyms, readOnly: false })
  })
}

/** Of a subscription that nobody made. */
export function describeClientMetricsSettings(names: SettingNames): Setting[] {
  return shownNames(clientMetricsSettings, names, () => false).map(([name, definition]) =>
    setting({ name, definition, value: definition.defaultText, synonyms: [], readOnly: false }),
  )
}

/** What a new topic's settings are, by name; the values are the texts as they were given. */
export function createdTopicSettings(broker: BrokerConfig, overrides: ConfigOverrides) {
  return shownNames(topicSettings, null, name => name in overrides)
    .map(([name, definition]) => ({
      name,
      ...originOf(broker, name, definition, overrides),
      readOnly: false,
      isSensitive: false,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function originOf(
  broker: BrokerConfig,
  name: string,
  definition: ConfigDefinition,
  overrides: ConfigOverrides,
): { value: string | null; configSource: number } {
  const own = overrides[name]
  if (own !== undefined) return { value: own, configSource: sources.topic }
  const set = definition.synonyms
    .flatMap(synonym => broker.sources(synonym).filter(found => found.name === synonym && found.source !== 'default'))
    .sort((a, b) => sourceOf[a.source] - sourceOf[b.source])[0]
  if (set === undefined) return { value: definition.defaultText, configSource: sources.default }
  return { value: inMilliseconds(set.name, set.text), configSource: sourceOf[set.source] }
}

function setting(known: {
  name: string
  definition: ConfigDefinition
  value: string | null
  synonyms: Setting['synonyms']
  readOnly: boolean
}): Setting {
  const { name, definition, value, synonyms, readOnly } = known
  const isSensitive = definition.type === 'password'
  return {
    name,
    value: isSensitive ? null : value,
    readOnly,
    configSource: synonyms[0]?.source ?? sources.default,
    isSensitive,
    synonyms: isSensitive ? synonyms.map(synonym => ({ ...synonym, value: null })) : synonyms,
    configType: types[definition.type],
    documentation: definition.documentation,
  }
}

/**
 * As Kafka lists them: from where the setting's own name first appears. So a value that comes from a coarser setting
 * alone (log.retention.hours) has no source to show but the default.
 */
function brokerSynonymsOf(broker: BrokerConfig, name: string): Setting['synonyms'] {
  const found = broker.sources(name).map(({ name, source, text }) => ({ name, value: text, source: sourceOf[source] }))
  const first = found.findIndex(synonym => synonym.name === name)
  return first < 0 ? [] : found.slice(first)
}

function shownNames(
  table: Readonly<Record<string, ConfigDefinition>>,
  names: SettingNames,
  isSet: (name: string) => boolean,
): [name: string, definition: ConfigDefinition][] {
  const shown = Object.keys(table).filter(name => table[name]?.internal === false || isSet(name))
  return inJavaMapOrder(shown).flatMap(name => {
    const definition = table[name]
    return definition === undefined || (names !== null && !names.includes(name)) ? [] : [[name, definition]]
  })
}
