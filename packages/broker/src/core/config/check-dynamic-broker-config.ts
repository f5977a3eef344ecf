import type { ConfigOverrides } from '../cluster/cluster-image.ts'
import { type Outcome, refusal } from '../cluster/decision.ts'
import { explainUnknown } from './broker-config.ts'
import { brokerDefinition } from './broker-settings.ts'
import { type ConfigDefinition, isProblem, parseConfig } from './config-definition.ts'
import { brokerStanding, explainUnsupported } from './standing.ts'

/** What is wrong with settings that a running broker, or all of them, are to have in all; null when nothing is. */
export function checkDynamicBrokerConfig(input: {
  readonly after: ConfigOverrides
  readonly before: ConfigOverrides
  /** The settings that the request is about, changed or not. */
  readonly named: ReadonlySet<string>
  readonly perBroker: boolean
}): Outcome | null {
  const { after, before, perBroker } = input
  const names = Object.keys(after)
  const fixed = names.filter(name => brokerDefinition(name)?.update === 'read-only')
  if (fixed.length > 0) return invalid(`Cannot update these configs dynamically: [${fixed.join(', ')}]`)
  const perListener = names.filter(name => name.startsWith('ssl.') && brokerDefinition(name) !== undefined)
  if (perListener.length > 0) {
    const message = 'These security configs can be dynamically updated only per-listener using the listener prefix'
    return invalid(`${message}: [${perListener.join(', ')}]`)
  }
  for (const [name, text] of Object.entries(after)) {
    const definition = brokerDefinition(name)
    // Unknown names come last, after all that Kafka itself refuses: it takes them, for a plugin may know them.
    if (definition === undefined) continue
    const parsed = parseConfig(name, definition, text)
    if (isProblem(parsed)) return invalid(parsed.problem)
  }
  const onlyPerBroker = names.filter(name => brokerDefinition(name)?.update === 'per-broker')
  if (!perBroker && onlyPerBroker.length > 0) {
    const message = 'Cannot update these configs at default cluster level, broker id must be specified'
    return invalid(`${message}: [${onlyPerBroker.join(', ')}]`)
  }
  return checkMinInsyncReplicas(input) ?? checkSupported(after, before)
}

function invalid(message: string): Outcome {
  return refusal('INVALID_REQUEST', message)
}

/**
 * With eligible leader replicas there is one minimum for the whole cluster, and always one. Kafka refuses the mention of
 * another, even where nothing would change.
 */
function checkMinInsyncReplicas({
  after,
  before,
  named,
  perBroker,
}: {
  after: ConfigOverrides
  before: ConfigOverrides
  named: ReadonlySet<string>
  perBroker: boolean
}): Outcome | null {
  const name = 'min.insync.replicas'
  const isTouched = named.has(name) || after[name] !== before[name]
  if (perBroker && isTouched) {
    return refusal('INVALID_CONFIG', `Broker-level ${name} cannot be altered while ELR is enabled.`)
  }
  if (!perBroker && isTouched && after[name] === undefined) {
    return refusal('INVALID_CONFIG', `Cluster-level ${name} cannot be removed while ELR is enabled.`)
  }
  return null
}

function checkSupported(after: ConfigOverrides, before: ConfigOverrides): Outcome | null {
  for (const [name, text] of Object.entries(after)) {
    const definition = brokerDefinition(name)
    if (text === before[name]) continue
    if (definition === undefined) return refusal('INVALID_CONFIG', explainUnknown(name))
    const parsed = parseConfig(name, definition, text)
    if (isProblem(parsed) || parsed.text === definition.defaultText) continue
    const unsupported = explainStanding(name, definition)
    if (unsupported !== null) return refusal('INVALID_CONFIG', unsupported)
  }
  return null
}

function explainStanding(name: string, { update }: ConfigDefinition): string | null {
  if (brokerStanding(name) === 'unsupported') return explainUnsupported(name)
  return update === 'per-broker' ? explainUnsupported(`${name} while the broker runs`) : null
}
