import type { ConfigOverrides } from '../cluster/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { isProblem, parseConfig } from './config-definition.ts'
import { explainUnsupported, topicStanding } from './standing.ts'
import { TopicConfig, topicDefinition } from './topic-config.ts'

/** What is wrong with settings that a topic is to have in all, `before` being those that it has; null when nothing is. */
export function checkTopicConfig(broker: BrokerConfig, after: ConfigOverrides, before: ConfigOverrides): string | null {
  for (const name of Object.keys(after)) {
    if (topicDefinition(name) === undefined) return `Unknown topic config name: ${name}`
  }
  for (const [name, text] of Object.entries(after)) {
    const definition = topicDefinition(name)
    const parsed = definition && parseConfig(name, definition, text)
    if (parsed !== undefined && isProblem(parsed)) return parsed.problem
  }
  const config = new TopicConfig(broker, after)
  const minLag = config.text('min.compaction.lag.ms')
  const maxLag = config.text('max.compaction.lag.ms')
  if (minLag !== null && maxLag !== null && BigInt(minLag) > BigInt(maxLag)) {
    return `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`
  }
  if (config.boolean('remote.storage.enable')) {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.'
  }
  return checkSupported(broker, after, before)
}

/** Kafka would take these; here they would be without effect. */
function checkSupported(broker: BrokerConfig, after: ConfigOverrides, before: ConfigOverrides): string | null {
  const inherited = new TopicConfig(broker, {})
  const config = new TopicConfig(broker, after)
  for (const [name, text] of Object.entries(after)) {
    if (text === before[name] || config.text(name) === inherited.text(name)) continue
    if (topicStanding(name) === 'unsupported') return explainUnsupported(name)
  }
  return null
}
