// Leaders and ISRs follow the brokers: who is gone leads nothing and is in sync with nothing, and a partition without a
// leader gets one as soon as somebody may lead it. What is decided depends on the image alone, not on what happened since
// when: so it can be decided again after a conflict, and by a controller that has just become one.

import type { BrokerConfig } from '../config/broker-config.ts'
import { type ClusterImage, isActive, noLeader, type PartitionImage, type TopicImage } from './cluster-image.ts'
import { changePartition } from './partition-change.ts'
import { type PartitionChange, partitionChange, type TopicRules, topicRules } from './topic-rules.ts'

/** What is known of brokers beyond what the image says. */
export interface BrokerNews {
  /** Is no longer there. */
  readonly gone?: number
  /** Asked to stop. */
  readonly leaving?: number
  /** Was not shut down cleanly: what it has on disk proves nothing. */
  readonly uncleanShutdown?: number
}

/**
 * The partitions that do not fit the brokers, each with a change of its own that stands on nothing but that partition: in
 * however many commits they go out, each is right by itself. `topics`: those to look at, all if left out.
 */
export function decideFailover(
  image: ClusterImage,
  {
    config,
    topics = image.topics.values(),
    news = {},
  }: {
    readonly config: BrokerConfig
    readonly topics?: Iterable<TopicImage>
    readonly news?: BrokerNews
  },
): PartitionChange[] {
  const brokers = brokersOf(image, news)
  const changes: PartitionChange[] = []
  for (const topic of topics) {
    // Most topics need nothing, so their settings are looked up only when one does.
    let rules: TopicRules | null = null
    for (const [index, partition] of topic.partitions.entries()) {
      if (!mayNeedChange(partition, brokers)) continue
      rules ??= topicRules(image, config, topic)
      const next = failOver(partition, brokers, rules)
      if (next !== null) changes.push(partitionChange(topic, index, next))
    }
  }
  return changes
}

/**
 * A broker that starts without having been stopped: before it registers it takes itself out of all ISRs and ELRs, since it
 * cannot know that it still has what it had acknowledged.
 */
export function decideUncleanShutdown(
  image: ClusterImage,
  { brokerId, config }: { readonly brokerId: number; readonly config: BrokerConfig },
): PartitionChange[] {
  return decideFailover(image, { config, news: { gone: brokerId, uncleanShutdown: brokerId } })
}

/** A broker has asked to stop: whether there is a partition of those that it leads that somebody else could lead. */
export function canHandOver(
  image: ClusterImage,
  { brokerId, config }: { readonly brokerId: number; readonly config: BrokerConfig },
): boolean {
  const brokers = brokersOf(image, { leaving: brokerId })
  for (const topic of image.topics.values()) {
    let rules: TopicRules | null = null
    for (const partition of topic.partitions) {
      if (partition.leader !== brokerId) continue
      rules ??= topicRules(image, config, topic)
      if ((failOver(partition, brokers, rules)?.leader ?? brokerId) !== brokerId) return true
    }
  }
  return false
}

/** A replica that cannot serve because its disk fails. */
export interface OfflineReplica {
  readonly topicId: string
  readonly index: number
  readonly leaderEpoch: number
  /** An eligible replica that fetches in vain: it has shown by that that its own disk works. */
  readonly successor?: number | undefined
}

/** Whether it has a place to give up, and somebody to give it to. */
export function hasSuccessor(
  { isr, elr }: PartitionImage,
  { brokerId, successor }: { readonly brokerId: number; readonly successor: number | undefined },
): boolean {
  return isr.includes(brokerId) && (isr.length > 1 || (successor !== undefined && elr.includes(successor)))
}

/**
 * The disk of a replica fails: it is not in sync any more, and somebody else leads who has all that was committed, if there is
 * anybody. It stays eligible, as in Kafka: its files may be readable after a restart, and where the others lose their power before
 * that, nobody else has everything. So it may be elected again, disk or not; then it leaves that to an eligible replica only if that
 * one has a disk. Two without would hand the office to and fro.
 */
export function decideOfflineReplica(
  image: ClusterImage,
  {
    brokerId,
    replica: { topicId, index, leaderEpoch, successor },
    config,
  }: { readonly brokerId: number; readonly replica: OfflineReplica; readonly config: BrokerConfig },
): PartitionChange[] {
  const topic = image.topicsById.get(topicId)
  const partition = topic?.partitions[index]
  if (topic === undefined || !partition?.isr.includes(brokerId) || partition.leaderEpoch !== leaderEpoch) return []
  const brokers = brokersOf(image, { gone: brokerId })
  const { isr, elr } = partition
  const mayLead = (id: number) => brokers.isActive(id) && (isr.includes(id) || (id === successor && elr.includes(id)))
  const next = failOver(partition, { ...brokers, isActive: mayLead }, topicRules(image, config, topic))
  return next === null || next.leader === noLeader ? [] : [partitionChange(topic, index, next)]
}

export function partitionsLedBy(image: ClusterImage, brokerId: number): number {
  let led = 0
  for (const { partitions } of image.topics.values()) {
    for (const { leader } of partitions) if (leader === brokerId) led++
  }
  return led
}

interface Brokers {
  isActive(id: number): boolean
  /** Serves, and wants to stop. */
  isLeaving(id: number): boolean
  readonly uncleanShutdowns: readonly number[]
}

function brokersOf(image: ClusterImage, { gone, leaving, uncleanShutdown }: BrokerNews): Brokers {
  return {
    isActive: id => id !== gone && id !== leaving && isActive(image, id),
    isLeaving(id) {
      const broker = image.brokers.get(id)
      if (id === gone || broker === undefined || broker.fenced) return false
      return id === leaving || broker.inControlledShutdown
    },
    uncleanShutdowns: uncleanShutdown === undefined ? [] : [uncleanShutdown],
  }
}

function mayNeedChange({ leader, isr, elr }: PartitionImage, brokers: Brokers): boolean {
  return leader === noLeader || elr.length > 0 || !brokers.isActive(leader) || !isr.every(brokers.isActive)
}

function failOver(partition: PartitionImage, brokers: Brokers, rules: TopicRules): PartitionImage | null {
  const { leader } = partition
  const active = partition.isr.filter(brokers.isActive)
  // Who wants to stop goes on for as long as nobody else can: leading late is better than nobody leading.
  const isr = active.length > 0 ? active : partition.isr.filter(brokers.isLeaving)
  const goesOn = (id: number) => id === leader && active.length === 0 && brokers.isLeaving(id)
  return changePartition(
    partition,
    { isr, election: rules.election, uncleanShutdowns: brokers.uncleanShutdowns },
    { ...rules, isAcceptableLeader: id => brokers.isActive(id) || goesOn(id) },
  )
}
