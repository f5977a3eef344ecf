import type { ConfigDefinition, ConfigType } from './config-definition.ts'
import { clusterSettings } from './settings/cluster-settings.ts'
import { coordinatorSettings } from './settings/coordinator-settings.ts'
import { dynamicSettings } from './settings/dynamic-settings.ts'
import { logSettings } from './settings/log-settings.ts'
import { networkSettings } from './settings/network-settings.ts'
import { securitySettings } from './settings/security-settings.ts'
import { tieredSettings } from './settings/tiered-settings.ts'

/** Every setting that a broker can be started with in Kafka, by name. */
export const brokerSettings = {
  ...clusterSettings,
  ...coordinatorSettings,
  ...logSettings,
  ...networkSettings,
  ...securitySettings,
  ...tieredSettings,
} as const

/** And those that are only set while it runs. */
const allSettings = { ...brokerSettings, ...dynamicSettings } as const

export type BrokerSettingName = keyof typeof allSettings

/** The names in a table of definitions whose values have one of these types. */
export type NamesOfType<Table, T extends ConfigType> = {
  [Name in keyof Table]: Table[Name] extends ConfigDefinition<infer U> ? (U extends T ? Name : never) : never
}[keyof Table]

export type BrokerNamesOfType<T extends ConfigType> = NamesOfType<typeof allSettings, T>

export function brokerDefinition(name: string): ConfigDefinition | undefined {
  return Object.hasOwn(allSettings, name) ? allSettings[name as BrokerSettingName] : undefined
}

/** Whether nothing can be said of it when a broker is started. */
export function isOnlyDynamic(name: string): boolean {
  return Object.hasOwn(dynamicSettings, name)
}

/** The settings that say the same in coarser units or as an older name, finest first; a setting without any is alone. */
export function brokerSynonyms(name: string): readonly string[] {
  if (name === 'log.flush.interval.ms') return ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms']
  return coarserNames.find(names => names.includes(name)) ?? [name]
}

const coarserNames = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

/** What Odradek does otherwise than Kafka when nobody says. */
export const odradekDefaults: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  // Nobody waits for a first message in a test, or at a terminal.
  'group.initial.rebalance.delay.ms': '0',
}
