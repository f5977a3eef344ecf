import type { BrokerConfig } from '../config/broker-config.ts'
import { type ClusterImage, noLeader, type TopicImage } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success } from './decision.ts'
import { changePartition } from './partition-change.ts'
import { type PartitionChange, partitionChange, type TopicRules, topicRules } from './topic-rules.ts'

export interface ElectLeadersInput {
  readonly election: 'preferred' | 'unclean'
  readonly partitions: readonly { readonly topic: string; readonly partitionId: number }[]
  readonly config: BrokerConfig
}

/** One outcome a partition, in the order asked for; each is elected for by itself. */
export function decideElectLeaders(
  image: ClusterImage,
  { election, partitions, config }: ElectLeadersInput,
): Decision<Outcome[]> {
  const changes = new Map<string, PartitionChange>()
  const answer = partitions.map(({ topic: name, partitionId }) => {
    const topic = image.topics.get(name)
    if (topic === undefined) return refusal('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${name}`)
    const result = elect(topic, partitionId, topicRules(image, config, topic), election)
    if (!('kind' in result)) return result
    // Asked for twice, it is elected once.
    changes.set(`${result.topicId}/${result.index}`, result)
    return success
  })
  return { changes: [...changes.values()], answer }
}

function elect(
  topic: TopicImage,
  index: number,
  rules: TopicRules,
  election: ElectLeadersInput['election'],
): PartitionChange | Outcome {
  const partition = topic.partitions[index]
  if (partition === undefined) {
    return refusal('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic.name}-${index}`)
  }
  const { leader, replicas } = partition
  if (election === 'preferred' ? leader === replicas[0] : leader !== noLeader) return notNeeded
  const next = changePartition(partition, { election }, rules)
  if (next !== null) return partitionChange(topic, index, next)
  return election === 'preferred' ? preferredNotAvailable : noneEligible
}

// Sentences that Kafka gives with the bare code.
const notNeeded = refusal('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.')
const preferredNotAvailable = refusal('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.')
const noneEligible = refusal('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available.')
