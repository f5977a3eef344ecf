import type { ConfigOverrides } from '../cluster/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import type { NamesOfType } from './broker-settings.ts'
import {
  type ConfigDefinition,
  type ConfigType,
  type ConfigValue,
  isProblem,
  type ParsedConfig,
  parseConfig,
} from './config-definition.ts'
import { topicSettings } from './settings/topic-settings.ts'

type Name<T extends ConfigType> = NamesOfType<typeof topicSettings, T>

export function topicDefinition(name: string): ConfigDefinition | undefined {
  return Object.hasOwn(topicSettings, name) ? topicSettings[name as keyof typeof topicSettings] : undefined
}

/**
 * A topic's settings as of now: what was set on the topic, else what the broker's settings say, else the default.
 * A value of its own: it does not follow later changes.
 */
export class TopicConfig {
  readonly #broker: BrokerConfig
  readonly #overrides: ConfigOverrides

  constructor(broker: BrokerConfig, overrides: ConfigOverrides) {
    this.#broker = broker
    this.#overrides = overrides
  }

  boolean(name: Name<'boolean'>): boolean {
    return this.#value(name) === true
  }

  number(name: Name<'int' | 'long' | 'double'>): number {
    const value = this.numberOrNull(name)
    if (value === null) throw new Error(`${name} has no value: ask with numberOrNull`)
    return value
  }

  numberOrNull(name: Name<'int' | 'long' | 'double'>): number | null {
    const value = this.#value(name)
    return typeof value === 'number' ? value : null
  }

  string(name: Name<'string'>): string {
    return String(this.#value(name))
  }

  list(name: Name<'list'>): readonly string[] {
    const value = this.#value(name)
    return Array.isArray(value) ? value : []
  }

  /** The canonical text of the value in force, null where there is none. */
  text(name: string): string | null {
    return this.#resolve(name)?.text ?? null
  }

  #value(name: string): ConfigValue {
    return this.#resolve(name)?.value ?? null
  }

  #resolve(name: string): ParsedConfig | null {
    const own = this.#overrides[name]
    if (own !== undefined) return parse(name, own)
    // Most topics override little: what they inherit is worked out once for all of them.
    return this.#broker.remember(`topic ${name}`, () => {
      const definition = topicDefinition(name)
      return definition === undefined ? null : parse(name, inheritedText(this.#broker, name, definition))
    })
  }
}

/** Null where there is no value. What cannot be read was never accepted, so it is not there. */
function parse(name: string, text: string | null): ParsedConfig | null {
  const definition = topicDefinition(name)
  if (definition === undefined || text === null) return null
  const parsed = parseConfig(name, definition, text)
  return isProblem(parsed) ? null : parsed
}

/** What a topic's setting is when the topic does not say. */
function inheritedText(broker: BrokerConfig, name: string, definition: ConfigDefinition): string | null {
  if (name === 'retention.ms') return retentionMs(broker)
  for (const synonym of definition.synonyms) {
    const text = broker.text(synonym)
    if (text !== null) return inMilliseconds(synonym, text)
  }
  return definition.defaultText
}

/** Any negative time in any unit means for ever. */
function retentionMs(broker: BrokerConfig): string {
  for (const synonym of topicSettings['retention.ms'].synonyms) {
    const text = broker.text(synonym)
    if (text !== null) return text.startsWith('-') ? '-1' : inMilliseconds(synonym, text)
  }
  return '-1'
}

/** A time in coarser units, as the names end, in milliseconds. */
export function inMilliseconds(name: string, text: string): string {
  if (name.endsWith('.hours')) return String(Number(text) * 3_600_000)
  if (name.endsWith('.minutes')) return String(Number(text) * 60_000)
  return text
}
