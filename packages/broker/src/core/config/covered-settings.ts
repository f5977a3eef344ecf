import type { BrokerConfig } from './broker-config.ts'
import { brokerDefinition } from './broker-settings.ts'
import { type ConfigProblem, isProblem, parseConfig } from './config-definition.ts'

/**
 * What a broker was started with in vain, since something else was set while brokers ran, which weighs more. A cluster is born
 * with a minimum of in-sync replicas, so that nobody need have set anything for that.
 */
export function coveredSettings(
  config: BrokerConfig,
  given: Readonly<Record<string, string>>,
  brokerId: number,
): ConfigProblem[] {
  return Object.entries(given).flatMap(([name, written]) => {
    const text = canonical(name, written)
    const inForce = config.sources(name).find(source => source.name === name)
    if (inForce === undefined || brokerDefinition(name)?.type === 'password') return []
    if (canonical(name, inForce.text) === text) return []
    const [owner, entity] =
      inForce.source === 'all-brokers'
        ? ['the cluster has', '--broker-defaults']
        : ['this broker was given', `--broker ${brokerId}`]
    const command = `kafka-configs --bootstrap-server HOST:PORT --alter ${entity} --add-config ${name}=${text}`
    return [{ name, problem: `${name}=${text} has no effect: ${owner} ${inForce.text}; change it with: ${command}` }]
  })
}

function canonical(name: string, text: string): string {
  const definition = brokerDefinition(name)
  const parsed = definition && parseConfig(name, definition, text)
  return parsed === undefined || isProblem(parsed) ? text : parsed.text
}
