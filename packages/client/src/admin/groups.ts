import {
  consumerProtocolAssignment,
  deleteGroupsRequest,
  deleteGroupsResponse,
  describeGroupsRequest,
  describeGroupsResponse,
  errorCodes,
  listGroupsRequest,
  listGroupsResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetFetchRequest,
  offsetFetchResponse,
  Reader,
} from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'
import type { PartitionOffset } from './offsets.ts'

export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  readonly state: string
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  /** The assignor that the members agreed on, empty without members. */
  readonly protocol: string
  readonly coordinator: number
  readonly members: readonly GroupMember[]
}

export interface GroupMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly host: string
  /** Topic and partitions, empty for groups that are not consumers. */
  readonly assignment: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

/** All groups of all brokers, sorted by name. */
export async function listGroups(cluster: ClusterClient): Promise<GroupListing[]> {
  const { brokers } = await cluster.metadata([])
  const groups: GroupListing[] = []
  for (const { nodeId } of brokers) {
    const answer = await cluster.send(
      { node: nodeId },
      listGroupsRequest,
      listGroupsResponse,
      { statesFilter: [], typesFilter: [] },
      { errorOf: ({ errorCode }) => errorCode },
    )
    KafkaError.check(answer.errorCode)
    for (const group of answer.groups) {
      groups.push({ groupId: group.groupId, protocolType: group.protocolType, state: group.groupState })
    }
  }
  return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

/** Rejects with GROUP_ID_NOT_FOUND where there is no such group. */
export async function describeGroup(cluster: ClusterClient, groupId: string): Promise<GroupDescription> {
  const answer = await cluster.send(
    { coordinatorOf: groupId },
    describeGroupsRequest,
    describeGroupsResponse,
    { groups: [groupId], includeAuthorizedOperations: false },
    { errorOf: ({ groups }) => groups[0]?.errorCode ?? 0 },
  )
  const group = answer.groups[0]
  if (group === undefined) throw new KafkaError(errorCodes.GROUP_ID_NOT_FOUND, missing(groupId))
  KafkaError.check(group.errorCode, explain(group.errorCode, groupId) ?? group.errorMessage)
  // Before version 6 a group that does not exist is 'Dead', without an error (KIP-1043).
  if (group.groupState === 'Dead') throw new KafkaError(errorCodes.GROUP_ID_NOT_FOUND, missing(groupId))
  return {
    groupId,
    state: group.groupState,
    protocolType: group.protocolType,
    protocol: group.protocolData,
    coordinator: -1,
    members: group.members.map(member => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost.replace(/^\//, ''),
      assignment: group.protocolType === 'consumer' ? readAssignment(member.memberAssignment) : [],
    })),
  }
}

export interface CommittedOffset extends PartitionOffset {
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** What the group has committed, of all topics. */
export async function committedOffsets(cluster: ClusterClient, groupId: string): Promise<CommittedOffset[]> {
  const answer = await cluster.send(
    { coordinatorOf: groupId },
    offsetFetchRequest,
    offsetFetchResponse,
    version => (version >= 8 ? { groups: [{ groupId, topics: null }] } : { groupId, topics: null }),
    // Version 10 speaks of topic ids; names are what a person asks for.
    { maxVersion: 9, errorOf: each => each.groups[0]?.errorCode ?? each.errorCode },
  )
  const group = answer.groups[0] ?? answer
  KafkaError.check(group.errorCode)
  return group.topics.flatMap(topic =>
    topic.partitions.map(partition => {
      KafkaError.check(partition.errorCode)
      return {
        topic: topic.name,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.metadata,
      }
    }),
  )
}

/** Sets committed offsets from outside; the group must have no members, else UNKNOWN_MEMBER_ID. */
export async function commitOffsets(
  cluster: ClusterClient,
  groupId: string,
  offsets: readonly PartitionOffset[],
): Promise<void> {
  const byTopic = Map.groupBy(offsets, ({ topic }) => topic)
  const answer = await cluster.send(
    { coordinatorOf: groupId },
    offsetCommitRequest,
    offsetCommitResponse,
    {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: Array.from(byTopic, ([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: '',
        })),
      })),
    },
    { maxVersion: 9 },
  )
  for (const topic of answer.topics) {
    for (const { errorCode } of topic.partitions) KafkaError.check(errorCode, explain(errorCode, groupId))
  }
}

/** Forgets a group and its offsets; NON_EMPTY_GROUP while it has members. */
export async function deleteGroup(cluster: ClusterClient, groupId: string): Promise<void> {
  const answer = await cluster.send(
    { coordinatorOf: groupId },
    deleteGroupsRequest,
    deleteGroupsResponse,
    { groupsNames: [groupId] },
    { errorOf: ({ results }) => results[0]?.errorCode ?? 0 },
  )
  for (const { errorCode } of answer.results) KafkaError.check(errorCode, explain(errorCode, groupId))
}

/** Brokers name neither the group nor the reason. */
function explain(errorCode: number, groupId: string): string | null {
  switch (errorCode) {
    case errorCodes.GROUP_ID_NOT_FOUND:
      return missing(groupId)
    case errorCodes.NON_EMPTY_GROUP:
    case errorCodes.UNKNOWN_MEMBER_ID:
      return `group '${groupId}' has members: stop them first`
    default:
      return null
  }
}

function missing(groupId: string): string {
  return `group '${groupId}' does not exist`
}

function readAssignment(bytes: Buffer) {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  // A version in front says how newer fields follow; all versions begin with the same fields.
  const version = Math.min(reader.int16(), consumerProtocolAssignment.versions[1])
  const { assignedPartitions } = consumerProtocolAssignment.decode(version, reader)
  return assignedPartitions.map(({ topic, partitions }) => ({
    topic,
    partitions: [...partitions].sort((a, b) => a - b),
  }))
}
