import {
  type BrokerNamesOfType,
  brokerDefinition,
  brokerSettings,
  brokerSynonyms,
  isOnlyDynamic,
  odradekDefaults,
} from './broker-settings.ts'
import {
  type ConfigDefinition,
  type ConfigProblem,
  type ConfigType,
  type ConfigValue,
  isProblem,
  parseConfig,
} from './config-definition.ts'
import { nearestName } from './nearest-name.ts'
import { brokerStanding, explainUnsupported, whyInertAlone, whyInertShared } from './standing.ts'

/** Where a broker setting's value comes from, weightiest first. */
export type BrokerConfigSource = 'broker' | 'all-brokers' | 'static' | 'default'

type Name<T extends ConfigType> = BrokerNamesOfType<T>

/**
 * A broker's settings: what it was started with, under what was set on it while it runs. One object for the broker's
 * life: whoever must act on a change subscribes, everybody else asks again.
 */
export class BrokerConfig {
  readonly #static: Map<string, string>
  #layers: readonly { readonly source: BrokerConfigSource; readonly values: ReadonlyMap<string, string> }[]
  readonly #parsed = new Map<string, ConfigValue>()
  readonly #memory = new Map<string, unknown>()
  readonly #subscribers = new Set<() => void>()

  /** Takes only settings without problems: see checkBrokerConfig. */
  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.#static = new Map(Object.entries(settings))
    // The older name says the same, whichever of the two was given.
    const nodeId = settings['node.id'] ?? settings['broker.id'] ?? '1'
    this.#static.set('node.id', nodeId).set('broker.id', nodeId)
    this.#layers = [{ source: 'static', values: this.#static }]
  }

  /** Another one of what it was started with: for whoever follows what is set while running by themselves. */
  fork(): BrokerConfig {
    return new BrokerConfig(Object.fromEntries(this.#static))
  }

  /** Replaces what was set while running: on this broker, and on all brokers. */
  setDynamic(dynamic: {
    readonly broker: Readonly<Record<string, string>>
    readonly allBrokers: Readonly<Record<string, string>>
  }): void {
    const broker = new Map(Object.entries(dynamic.broker))
    const allBrokers = new Map(Object.entries(dynamic.allBrokers))
    this.#layers = [
      { source: 'broker', values: broker },
      { source: 'all-brokers', values: allBrokers },
      { source: 'static', values: this.#static },
    ]
    this.#parsed.clear()
    this.#memory.clear()
    for (const notify of [...this.#subscribers]) notify()
  }

  /** What `compute` makes of these settings, made once until they change. */
  remember<T>(key: string, compute: () => T): T {
    if (!this.#memory.has(key)) this.#memory.set(key, compute())
    return this.#memory.get(key) as T
  }

  /** Calls back after every change. Returns how to stop. */
  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange)
    return () => this.#subscribers.delete(onChange)
  }

  boolean(name: Name<'boolean'>): boolean {
    return this.#value(name) === true
  }

  /** A setting that is there whatever happens; `numberOrNull` is for those that may be unset. */
  number(name: Name<'int' | 'short' | 'long' | 'double'>): number {
    const value = this.numberOrNull(name)
    if (value === null) throw new Error(`${name} has no value: ask with numberOrNull`)
    return value
  }

  numberOrNull(name: Name<'int' | 'short' | 'long' | 'double'>): number | null {
    const value = this.#value(name)
    return typeof value === 'number' ? value : null
  }

  string(name: Name<'string' | 'class' | 'password'>): string {
    return this.stringOrNull(name) ?? ''
  }

  stringOrNull(name: Name<'string' | 'class' | 'password'>): string | null {
    const value = this.#value(name)
    return typeof value === 'string' ? value : null
  }

  /** Empty where it is unset. */
  list(name: Name<'list'>): readonly string[] {
    const value = this.#value(name)
    return Array.isArray(value) ? value : []
  }

  /** Whether anybody set it; a default is not set. */
  isSet(name: string): boolean {
    return this.#layers.some(layer => layer.values.has(name))
  }

  /** The canonical text of the value in force, null where there is none. */
  text(name: string): string | null {
    const definition = brokerDefinition(name)
    if (definition === undefined) return null
    for (const { values } of this.#layers) {
      const text = values.get(name)
      if (text !== undefined) return canonical(name, definition, text)
    }
    return defaultText(name, definition)
  }

  /**
   * Where a setting's value may come from, weightiest first: all that was set on it and on its coarser synonyms, source
   * by source, then the defaults, which Kafka does not name where a setting is only there while it is set.
   */
  sources(name: string): { readonly name: string; readonly source: BrokerConfigSource; readonly text: string }[] {
    const found: { name: string; source: BrokerConfigSource; text: string }[] = []
    const names = brokerSynonyms(name)
    for (const { source, values } of this.#layers) {
      for (const synonym of names) {
        const text = values.get(synonym)
        if (text !== undefined) found.push({ name: synonym, source, text })
      }
    }
    for (const synonym of names) {
      if (isOnlyDynamic(synonym)) continue
      const definition = brokerDefinition(synonym)
      const text = definition && defaultText(synonym, definition)
      if (typeof text === 'string') found.push({ name: synonym, source: 'default', text })
    }
    return found
  }

  /** What was set on all brokers while they run. */
  allBrokersSettings(): ReadonlyMap<string, string> {
    return this.#layers.find(layer => layer.source === 'all-brokers')?.values ?? new Map()
  }

  #value(name: string): ConfigValue {
    const known = this.#parsed.get(name)
    if (known !== undefined) return known
    const definition = brokerDefinition(name)
    const text = this.text(name)
    let value: ConfigValue = null
    if (definition !== undefined && text !== null) {
      const parsed = parseConfig(name, definition, text)
      if (isProblem(parsed)) throw new Error(parsed.problem)
      value = parsed.value
    }
    this.#parsed.set(name, value)
    return value
  }
}

function canonical(name: string, definition: ConfigDefinition, text: string): string {
  const parsed = parseConfig(name, definition, text)
  return isProblem(parsed) ? text : parsed.text
}

export function defaultText(name: string, definition: ConfigDefinition): string | null {
  return odradekDefaults[name] ?? definition.defaultText
}

/**
 * What is wrong with settings that a broker is to be started with, and what they hold that has no effect here though
 * nothing is lost by it. A broker starts only without problems.
 */
export function checkBrokerConfig(
  settings: Readonly<Record<string, string>>,
  { isAlone }: { readonly isAlone: boolean },
): {
  readonly problems: readonly ConfigProblem[]
  readonly notices: readonly ConfigProblem[]
} {
  const problems: ConfigProblem[] = []
  const notices: ConfigProblem[] = []
  for (const [name, text] of Object.entries(settings)) {
    const definition = brokerDefinition(name)
    if (definition === undefined) {
      problems.push({ name, problem: explainUnknown(name) })
      continue
    }
    if (isOnlyDynamic(name)) {
      problems.push({ name, problem: explainOnlyDynamic(name) })
      continue
    }
    const parsed = parseConfig(name, definition, text)
    if (isProblem(parsed)) {
      problems.push(parsed)
      continue
    }
    if (parsed.text === defaultText(name, definition)) continue
    if (brokerStanding(name) === 'unsupported') problems.push({ name, problem: explainUnsupported(name) })
    const because = isAlone ? whyInertAlone(name) : whyInertShared(name)
    if (because !== null) notices.push({ name, problem: `${name} has no effect: ${because}` })
  }
  return { problems, notices }
}

function explainOnlyDynamic(name: string): string {
  return `${name} is no setting to start a broker with: set it while the broker runs, as kafka-configs does`
}

/** For a name that Kafka does not know either. */
export function explainUnknown(name: string): string {
  if (/^listener\.name\.[^.]+\./.test(name)) return explainUnsupported(name)
  const nearest = nearestName(name, Object.keys(brokerSettings))
  return `unknown setting ${name}${nearest === null ? '' : `: did you mean ${nearest}?`}`
}
