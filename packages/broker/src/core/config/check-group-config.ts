import type { ConfigOverrides } from '../cluster/cluster-image.ts'
import { type ConfigDefinition, isProblem, parseConfig } from './config-definition.ts'
import { groupSettings } from './settings/group-settings.ts'
import { explainUnsupported } from './standing.ts'

export function groupDefinition(name: string): ConfigDefinition | undefined {
  return Object.hasOwn(groupSettings, name) ? groupSettings[name as keyof typeof groupSettings] : undefined
}

/**
 * What is wrong with settings that a group is to have in all; null when nothing is. All of them are about the newer kinds
 * of groups: until those exist, only defaults are taken.
 */
export function checkGroupConfig(after: ConfigOverrides, before: ConfigOverrides): string | null {
  for (const name of Object.keys(after)) {
    if (groupDefinition(name) === undefined) return `Unknown group config name: ${name}`
  }
  for (const [name, text] of Object.entries(after)) {
    const definition = groupDefinition(name)
    if (definition === undefined || before[name] === text) continue
    const parsed = parseConfig(name, definition, text)
    if (isProblem(parsed)) return parsed.problem
    if (parsed.text !== definition.defaultText) return explainUnsupported(name)
  }
  return null
}
