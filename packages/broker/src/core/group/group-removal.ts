// How groups and offsets come to an end: deleted by an administrator, expired, or with the topic they belong to.
import { errorCodes } from '@odradek/protocol'
import { type ClassicGroup, isSubscribedTo, usesConsumerProtocol } from './classic-group.ts'
import type { CommittedOffset, CommittedOffsets } from './committed-offsets.ts'
import type { GroupEvent, OffsetRemoved } from './decision.ts'

/** Removes a group with all its offsets, or says why not. */
export function decideDelete(
  group: ClassicGroup | undefined,
  offsets: CommittedOffsets,
): { errorCode: number; events: GroupEvent[] } {
  if (group === undefined) return { errorCode: errorCodes.GROUP_ID_NOT_FOUND, events: [] }
  if (group.state !== 'Empty') return { errorCode: errorCodes.NON_EMPTY_GROUP, events: [] }
  const { groupId } = group
  const events: GroupEvent[] = removals(groupId, offsets, () => true)
  events.push({ type: 'group-removed', groupId })
  return { errorCode: errorCodes.NONE, events }
}

/**
 * The offsets of a group that have outlived their retention; and the group itself, when it is empty and has no others.
 * Retention starts when the group becomes empty; in a simple group, and for topics that a stable group has given up, with the commit.
 */
export function decideExpiry(
  group: ClassicGroup,
  offsets: CommittedOffsets,
  { nowMs, retentionMs }: { nowMs: number; retentionMs: number },
): GroupEvent[] {
  const startsAt = retentionStart(group)
  const committed = offsets.ofGroup(group.groupId)
  const isExpired = (topic: string, offset: CommittedOffset): boolean => {
    if (startsAt === null || isSubscribedTo(group, topic)) return false
    return offset.expireTimestampMs === null
      ? nowMs - startsAt(offset) >= retentionMs
      : nowMs >= offset.expireTimestampMs
  }
  const events: GroupEvent[] = removals(group.groupId, offsets, isExpired)
  if (group.state === 'Empty' && events.length === count(committed)) {
    events.push({ type: 'group-removed', groupId: group.groupId })
  }
  return events
}

/** Null: nothing expires now. */
function retentionStart(group: ClassicGroup): ((offset: CommittedOffset) => number) | null {
  if (group.protocolType === null) return offset => offset.commitTimestampMs
  if (group.state === 'Empty') return offset => group.stateChangedAtMs ?? offset.commitTimestampMs
  const knowsTopics = usesConsumerProtocol(group) && group.subscribedTopics !== null
  return knowsTopics && group.state === 'Stable' ? offset => offset.commitTimestampMs : null
}

/** The offsets for the partitions of topics that were deleted, in all groups. */
export function decideTopicsDeleted(offsets: CommittedOffsets, topics: ReadonlySet<string>): OffsetRemoved[] {
  const events: OffsetRemoved[] = []
  for (const groupId of offsets.groupIds()) events.push(...removals(groupId, offsets, topic => topics.has(topic)))
  return events
}

function removals(
  groupId: string,
  offsets: CommittedOffsets,
  isGone: (topic: string, offset: CommittedOffset) => boolean,
): OffsetRemoved[] {
  const events: OffsetRemoved[] = []
  for (const [topic, partitions] of offsets.ofGroup(groupId) ?? []) {
    for (const [partition, offset] of partitions) {
      if (isGone(topic, offset)) events.push({ type: 'offset-removed', groupId, topic, partition })
    }
  }
  return events
}

function count(topics: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> | undefined): number {
  let sum = 0
  for (const partitions of topics?.values() ?? []) sum += partitions.size
  return sum
}
