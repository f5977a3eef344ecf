// The checks that settings share. Each gives Kafka's sentence, because people search for it.

import { type ConfigValue, invalidValue, type Validator } from './config-definition.ts'

export function atLeast(min: number): Validator {
  return ({ name, value }) =>
    typeof value === 'number' && value < min
      ? invalidValue({ name, shown: shown(value), because: `Value must be at least ${min}` })
      : null
}

export function between(min: number, max: number): Validator {
  const lower = atLeast(min)
  return setting => {
    const { name, value } = setting
    if (typeof value === 'number' && value > max) {
      return invalidValue({ name, shown: shown(value), because: `Value must be no more than ${max}` })
    }
    return lower(setting)
  }
}

/** -1 stands for the codec's own default. */
export const gzipLevel: Validator = ({ name, value }) =>
  typeof value === 'number' && value !== -1 && (value < 1 || value > 9)
    ? invalidValue({ name, shown: shown(value), because: 'Value must be between 1 and 9 or equal to -1' })
    : null

export function oneOf(...choices: readonly string[]): Validator {
  return ({ name, value }) =>
    typeof value === 'string' && choices.includes(value)
      ? null
      : invalidValue({ name, shown: shown(value), because: `String must be one of: ${choices.join(', ')}` })
}

export function oneOfAnyCase(...choices: readonly string[]): Validator {
  return ({ name, value }) =>
    typeof value === 'string' && choices.includes(value.toUpperCase())
      ? null
      : invalidValue({
          name,
          shown: shown(value),
          because: `String must be one of (case insensitive): ${choices.join(', ')}`,
        })
}

export function listOf(...choices: readonly string[]): Validator {
  const choice = oneOf(...choices)
  return ({ name, value }) => {
    const values = asList(value)
    if (values.includes('')) return `Configuration '${name}' values must not be empty.`
    for (const one of values) {
      const problem = choice({ name, value: one })
      if (problem !== null) return problem
    }
    return null
  }
}

export const nonEmptyList: Validator = ({ name, value }) =>
  asList(value).length === 0
    ? `Configuration '${name}' must not be empty. Valid values include: any non-empty value`
    : null

export const nonEmptyString: Validator = ({ name, value }) =>
  value === '' ? invalidValue({ name, shown: '', because: 'String must be non-empty' }) : null

export const nonNullString: Validator = ({ name, value }) =>
  value === null ? invalidValue({ name, shown: 'null', because: 'entry must be non null' }) : null

/** '*', or partition:broker pairs. */
export const throttledReplicas: Validator = ({ name, value }) => {
  const values = asList(value)
  const fine = (values.length === 1 && values[0]?.trim() === '*') || values.every(pair => /^\d+:\d+$/.test(pair.trim()))
  if (fine) return null
  const form = '[partitionId]:[brokerId],[partitionId]:[brokerId],...'
  return invalidValue({
    name,
    shown: shown(value),
    because: `${name} must be the literal '*' or a list of replicas in the following format: ${form}`,
  })
}

/** ADDRESS:NUMBER, comma separated. */
export const countsByAddress: Validator = ({ name, value }) => {
  const entries = String(value).split(',')
  if (entries.every(entry => entry.trim() === '' || /^\s*.+:\d{1,9}\s*$/.test(entry))) return null
  return invalidValue({ name, shown: shown(value), because: 'Entries must be of the form ADDRESS:NUMBER' })
}

/** Where a share group begins: an end of the log, or a time ago in ISO 8601. */
export const autoOffsetReset: Validator = ({ name, value }) => {
  if (value === 'latest' || value === 'earliest') return null
  const duration = typeof value === 'string' && /^by_duration:(P.+)$/i.exec(value)?.[1]
  if (duration && /^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(duration)) return null
  return invalidValue({
    name,
    shown: shown(value),
    because: `Invalid value \`${value}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`,
  })
}

function asList(value: ConfigValue): readonly string[] {
  return Array.isArray(value) ? value : []
}

function shown(value: ConfigValue): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}
