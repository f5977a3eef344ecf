// Partitions move to other brokers (KIP-455): the new replicas come in beside the old ones, and once all that are to stay are
// in sync the others go (partition-change.ts completes it, whoever brings the last of them in).
//
//   asked for   [1 2] -> [2 3]
//   in progress replicas [2 3 1], adding [3], removing [1]
//   done        replicas [2 3]
//
// Asked for something else in between, what was there before all of it stays what a cancellation goes back to, and nothing
// that is asked for is removed; Kafka forgets the one and keeps the other from the move before.

import { errorCodes, type ListPartitionReassignmentsRequest } from '@odradek/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { type ClusterImage, isReassigning, type PartitionImage, type TopicImage } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success } from './decision.ts'
import { checkAssignment } from './partition-assignment.ts'
import { changePartition, type PartitionTarget } from './partition-change.ts'
import { type PartitionChange, partitionChange, type TopicRules, topicRules } from './topic-rules.ts'

export interface RequestedReassignment {
  readonly topic: string
  readonly partitionIndex: number
  /** Null takes a reassignment back. */
  readonly replicas: readonly number[] | null
}

export interface AlterReassignmentsInput {
  readonly partitions: readonly RequestedReassignment[]
  readonly allowReplicationFactorChange: boolean
  readonly config: BrokerConfig
}

/** One outcome a partition, in the order asked for; each is moved by itself. */
export function decideAlterPartitionReassignments(
  image: ClusterImage,
  { partitions, allowReplicationFactorChange, config }: AlterReassignmentsInput,
): Decision<Outcome[]> {
  const changes = new Map<string, PartitionChange>()
  const answer = partitions.map(({ topic: name, partitionIndex, replicas }) => {
    const topic = image.topics.get(name)
    if (topic === undefined) return unknown(`a topic named ${name}`)
    const partition = topic.partitions[partitionIndex]
    if (partition === undefined) return unknown(`partition ${name}:${partitionIndex}`)
    const rules = topicRules(image, config, topic)
    const problem = replicas && checkTarget(image, partition, replicas, allowReplicationFactorChange)
    if (problem !== null) return problem
    const next =
      replicas === null ? cancel(partition, rules, `${name}:${partitionIndex}`) : reassign(partition, replicas, rules)
    if (next !== null && 'errorCode' in next) return next
    // Asked for twice, the last word counts.
    const key = `${topic.topicId}/${partitionIndex}`
    if (next === null) changes.delete(key)
    else changes.set(key, partitionChange(topic, partitionIndex, next))
    return success
  })
  return { changes: [...changes.values()], answer }
}

function unknown(what: string): Outcome {
  return refusal('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find ${what}.`)
}

function checkTarget(
  image: ClusterImage,
  partition: PartitionImage,
  replicas: readonly number[],
  allowReplicationFactorChange: boolean,
): Outcome | null {
  const isRegistered = (id: number) => image.brokers.has(id)
  const problem = checkAssignment(replicas, { isRegistered, replicationFactor: null })
  if (problem !== null) return refusal('INVALID_REPLICA_ASSIGNMENT', problem)
  const present = partition.replicas.filter(id => !partition.removingReplicas.includes(id)).length
  if (allowReplicationFactorChange || present === replicas.length) return null
  const message = `The replication factor is changed from ${present} to ${replicas.length}`
  return refusal('INVALID_REPLICATION_FACTOR', message)
}

/** The first step towards `replicas`, or the only one where they are all in sync. Null where they are what is there. */
export function reassign(
  partition: PartitionImage,
  replicas: readonly number[],
  rules: TopicRules,
): PartitionImage | null {
  const removingReplicas = partition.replicas.filter(id => !replicas.includes(id)).sort((a, b) => a - b)
  const isOriginal = (id: number) => partition.replicas.includes(id) && !partition.addingReplicas.includes(id)
  const addingReplicas = replicas.filter(id => !isOriginal(id)).sort((a, b) => a - b)
  return changePartition(
    partition,
    { replicas: [...replicas, ...removingReplicas], addingReplicas, removingReplicas },
    rules,
  )
}

function cancel(partition: PartitionImage, rules: TopicRules, name: string): PartitionImage | Outcome | null {
  if (!isReassigning(partition)) {
    return { errorCode: errorCodes.NO_REASSIGNMENT_IN_PROGRESS, errorMessage: null }
  }
  const isOriginal = (id: number) => !partition.addingReplicas.includes(id)
  const replicas = partition.replicas.filter(isOriginal)
  const isr = partition.isr.filter(isOriginal)
  const [first] = replicas
  // Only newcomers are in sync: whoever of the old ones led would lose records.
  const isUnclean = isr.length === 0
  if (first === undefined || (isUnclean && rules.election !== 'unclean')) {
    const message = `Unable to revert partition assignment for ${name} because it would require an unclean leader election.`
    return refusal('INVALID_REPLICA_ASSIGNMENT', message)
  }
  const target: PartitionTarget = {
    replicas,
    isr: isUnclean ? [first] : isr,
    addingReplicas: [],
    removingReplicas: [],
    election: rules.election,
  }
  return changePartition(partition, target, rules)
}

export interface OngoingReassignment {
  readonly name: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly replicas: readonly number[]
    readonly addingReplicas: readonly number[]
    readonly removingReplicas: readonly number[]
  }[]
}

/** Null topics: all. Topics where nothing moves, and those that are not there, are left out. */
export function listPartitionReassignments(
  image: ClusterImage,
  asked: ListPartitionReassignmentsRequest['topics'],
): OngoingReassignment[] {
  const topics = asked ?? [...image.topics.values()].map(everyPartition)
  return topics.flatMap(({ name, partitionIndexes }) => {
    const partitions = partitionIndexes.flatMap(partitionIndex => {
      const partition = image.topics.get(name)?.partitions[partitionIndex]
      if (partition === undefined || !isReassigning(partition)) return []
      const { replicas, addingReplicas, removingReplicas } = partition
      return [{ partitionIndex, replicas, addingReplicas, removingReplicas }]
    })
    return partitions.length === 0 ? [] : [{ name, partitions }]
  })
}

function everyPartition({ name, partitions }: TopicImage) {
  return { name, partitionIndexes: [...partitions.keys()] }
}
