// What a setting is: its type, default and check, and how its text becomes a value. The acceptance is that of Kafka's
// own definitions, to the wording of the errors, because tools show those to people.

export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

export type ConfigValue = boolean | string | number | readonly string[] | null

/** Says what is wrong with a value that has the right type, or null. */
export type Validator = (setting: { readonly name: string; readonly value: ConfigValue }) => string | null

export interface ConfigDefinition<T extends ConfigType = ConfigType> {
  readonly type: T
  /** Null: no value. */
  readonly defaultText: string | null
  /** In our own words, one sentence. */
  readonly documentation: string
  readonly valid: Validator | null
  readonly importance: 'high' | 'medium' | 'low'
  /** Works when set, and is not shown. */
  readonly internal: boolean
  /** How a broker's setting can change while the broker runs: not at all, for one broker, or for all of them. */
  readonly update: 'read-only' | 'per-broker' | 'cluster-wide'
  /** The broker settings that a topic's or a group's setting defaults to, first match first. */
  readonly synonyms: readonly string[]
}

/** Long.MAX_VALUE: as a number it rounds up, as text it stays what it is. */
export const LONG_MAX = '9223372036854775807'
/** Kafka has no default and wants one set; here BrokerConfig supplies it. */
export const REQUIRED = null

type Options = Partial<Pick<ConfigDefinition, 'valid' | 'importance' | 'internal' | 'update' | 'synonyms'>>

function definer<T extends ConfigType>(type: T) {
  return (
    defaultValue: string | number | boolean | null,
    documentation: string,
    options: Options = {},
  ): ConfigDefinition<T> => ({
    type,
    defaultText: defaultValue === null ? null : String(defaultValue),
    documentation,
    valid: null,
    importance: 'medium',
    internal: false,
    update: 'read-only',
    synonyms: [],
    ...options,
  })
}

export const bool = definer('boolean')
export const string = definer('string')
export const int = definer('int')
export const short = definer('short')
export const long = definer('long')
export const double = definer('double')
export const list = definer('list')
export const className = definer('class')
export const password = definer('password')

export interface ParsedConfig {
  readonly value: ConfigValue
  /** The value in its one canonical form. */
  readonly text: string
}

export interface ConfigProblem {
  readonly name: string
  /** A sentence for the person who set it. */
  readonly problem: string
}

export function isProblem(result: ParsedConfig | ConfigProblem): result is ConfigProblem {
  return 'problem' in result
}

/** Reads and checks one setting's text. */
export function parseConfig(name: string, definition: ConfigDefinition, text: string): ParsedConfig | ConfigProblem {
  const parsed = parseText(definition.type, text.trim())
  if (typeof parsed === 'string') return { name, problem: invalidValue({ name, shown: text, because: parsed }) }
  const problem =
    definition.valid?.({ name, value: parsed.value }) ??
    (definition.type === 'list' ? checkList(name, parsed.value) : null)
  return problem === null ? parsed : { name, problem }
}

export function invalidValue({ name, shown, because }: { name: string; shown: string; because: string }): string {
  return `Invalid value ${shown} for configuration ${name}: ${because}`
}

const integerLimits = { short: 15n, int: 31n, long: 63n }

/** The value, or what was expected instead. */
function parseText(type: ConfigType, text: string): ParsedConfig | string {
  switch (type) {
    case 'boolean': {
      const lower = text.toLowerCase()
      if (lower !== 'true' && lower !== 'false') return 'Expected value to be either true or false'
      return { value: lower === 'true', text: lower }
    }
    case 'short':
    case 'int':
    case 'long': {
      const limit = 1n << integerLimits[type]
      const exact = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : limit
      if (exact < -limit || exact >= limit) return `Not a number of type ${type.toUpperCase()}`
      return { value: Number(exact), text: exact.toString() }
    }
    case 'double': {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[df]?$/i.test(text)) return 'Not a number of type DOUBLE'
      const value = Number.parseFloat(text)
      return { value, text: doubleText(value) }
    }
    case 'list': {
      // What is named twice is taken once.
      const value = text === '' ? [] : [...new Set(text.split(/\s*,\s*/))]
      return { value, text: value.join(',') }
    }
    case 'string':
    case 'class':
    case 'password':
      return { value: text, text }
  }
}

function checkList(name: string, value: ConfigValue): string | null {
  if (!Array.isArray(value)) return null
  if (value.includes('')) return `Configuration '${name}' values must not be empty.`
  return null
}

/** As Java writes a double: always with a fraction, with an exponent outside of [1e-3, 1e7). */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (!Number.isFinite(value)) return String(value)
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value)
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`
}
