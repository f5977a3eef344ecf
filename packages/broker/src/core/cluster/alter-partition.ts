import { type ErrorName, errorCodes } from '@odradek/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { ClusterChange } from './cluster-change.ts'
import {
  type ClusterImage,
  type LeaderRecoveryState,
  noLeader,
  type PartitionImage,
  registrationEpoch,
} from './cluster-image.ts'
import type { Decision } from './decision.ts'
import { changePartition } from './partition-change.ts'
import { partitionChange, topicRules } from './topic-rules.ts'

/** What a partition's leader asks for: who is in sync from now on. */
export interface PartitionProposal {
  readonly brokerId: number
  /** Of the leader's registration. */
  readonly brokerEpoch: number
  readonly topicId: string
  readonly partitionIndex: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  /** With the registration that each of them fetched under (KIP-903); -1: not known. */
  readonly newIsr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
  readonly leaderRecoveryState: LeaderRecoveryState
  /** It was made before, and that went unanswered: it may be in force yet, or come into force later. */
  readonly isInDoubt?: boolean
}

export interface AlteredPartition {
  readonly errorCode: number
  /** As it is after the change; null with an error. */
  readonly partition: PartitionImage | null
}

/** AlterPartition (KIP-497): the leader changes the ISR; a reassignment whose replicas have all caught up is completed. */
export function decideAlterPartition(
  image: ClusterImage,
  { proposal, config }: { readonly proposal: PartitionProposal; readonly config: BrokerConfig },
): Decision<AlteredPartition> {
  const topic = image.topicsById.get(proposal.topicId)
  const partition = topic?.partitions[proposal.partitionIndex]
  const error = checkSender(image, proposal) ?? checkProposal(image, proposal, topic !== undefined, partition)
  if (topic !== undefined && partition !== undefined && error === 'INELIGIBLE_REPLICA' && proposal.isInDoubt) {
    // What it stands on is written again, as it is: so the earlier try cannot come into force any more, and its leader sees that.
    const settled = { ...partition, partitionEpoch: partition.partitionEpoch + 1 }
    return { ...refused(error), changes: [partitionChange(topic, proposal.partitionIndex, settled)] }
  }
  if (error !== null || topic === undefined || partition === undefined) return refused(error ?? 'UNKNOWN_SERVER_ERROR')
  const isr = proposal.newIsr.map(({ brokerId }) => brokerId)
  const rules = topicRules(image, config, topic)
  const { leaderRecoveryState } = proposal
  const next = changePartition(partition, { isr, leaderRecoveryState, election: rules.election }, rules)
  if (next === null) return { changes: [], answer: { errorCode: errorCodes.NONE, partition } }
  return {
    changes: [partitionChange(topic, proposal.partitionIndex, next)],
    alsoUnchanged: newcomers(image, partition, next),
    answer:
      next.leader === proposal.brokerId || next.leader === noLeader
        ? { errorCode: errorCodes.NONE, partition: next }
        : // A reassignment that was completed took the leadership along.
          { errorCode: errorCodes.NEW_LEADER_ELECTED, partition: null },
  }
}

function refused(error: ErrorName): Decision<AlteredPartition> {
  return { changes: [], answer: { errorCode: errorCodes[error], partition: null } }
}

function checkSender(image: ClusterImage, { brokerId, brokerEpoch }: PartitionProposal): ErrorName | null {
  return registrationEpoch(image, brokerId) === brokerEpoch ? null : 'STALE_BROKER_EPOCH'
}

function checkProposal(
  image: ClusterImage,
  proposal: PartitionProposal,
  isKnownTopic: boolean,
  partition: PartitionImage | undefined,
): ErrorName | null {
  if (!isKnownTopic) return 'UNKNOWN_TOPIC_ID'
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
  const { leaderEpoch, partitionEpoch } = partition
  // The leader has seen more than this image shows: it has to ask again, when the image has caught up.
  if (proposal.leaderEpoch > leaderEpoch || proposal.partitionEpoch > partitionEpoch) return 'NOT_CONTROLLER'
  if (proposal.leaderEpoch < leaderEpoch) return 'FENCED_LEADER_EPOCH'
  if (proposal.brokerId !== partition.leader) return 'INVALID_REQUEST'
  if (proposal.partitionEpoch < partitionEpoch) return 'INVALID_UPDATE_VERSION'
  return checkIsr(proposal, partition) ?? checkEligible(image, proposal)
}

function checkIsr({ newIsr, leaderRecoveryState }: PartitionProposal, partition: PartitionImage): ErrorName | null {
  const ids = new Set(newIsr.map(({ brokerId }) => brokerId))
  const areReplicas = [...ids].every(id => partition.replicas.includes(id))
  if (ids.size !== newIsr.length || !areReplicas || !ids.has(partition.leader)) return 'INVALID_REQUEST'
  const isRecovering = leaderRecoveryState === 'recovering'
  // Nobody can be in sync with a leader that has not recovered, and what has recovered stays so.
  if (isRecovering && (ids.size > 1 || partition.leaderRecoveryState === 'recovered')) return 'INVALID_REQUEST'
  return null
}

function checkEligible(image: ClusterImage, { newIsr }: PartitionProposal): ErrorName | null {
  const isEligible = newIsr.every(({ brokerId, brokerEpoch }) => {
    const broker = image.brokers.get(brokerId)
    if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false
    return brokerEpoch === -1 || brokerEpoch === broker.epoch
  })
  return isEligible ? null : 'INELIGIBLE_REPLICA'
}

/**
 * The registrations of those who join the ISR. One that crashes, loses the end of its log and registers again before this
 * commit must not come in on what it had before: the commit would not notice, were it not bound to the registration.
 */
function newcomers(image: ClusterImage, before: PartitionImage, after: PartitionImage): ClusterChange[] {
  const joining = after.isr.filter(id => !before.isr.includes(id))
  return joining.flatMap(brokerId => {
    const broker = image.brokers.get(brokerId)
    return broker === undefined ? [] : [{ kind: 'broker' as const, brokerId, value: broker }]
  })
}
