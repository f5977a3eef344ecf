// Group events as records of `__consumer_offsets`, and back: key = int16 record type + key struct, value = int16 version +
// value struct, no value = gone.
import {
  groupMetadataKey,
  groupMetadataValue,
  type MessageInput,
  offsetCommitKey,
  offsetCommitValue,
  Reader,
  Writer,
  zeroUuid,
} from '@odradek/protocol'
import { noBytes } from '../core/group/classic-group.ts'
import type { DurableEvent, StoredGroup } from '../core/group/decision.ts'

export interface GroupRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** The versions that a Kafka 4.3 broker writes. */
const groupMetadataVersion = 3
const offsetCommitVersion = 4
/** The only one with an expiry of its own. */
const offsetCommitVersionWithExpiry = 1

/** Record types that were offsets' and groups' before keys had version 0 alone. */
const offsetCommitTypes: readonly number[] = [0, offsetCommitKey.key]

type Struct<I> = { encode(version: number, value: I, writer: Writer): void }

export function encodeGroupEvent(event: DurableEvent): GroupRecord {
  switch (event.type) {
    case 'group-stored':
      return {
        key: prefixed(groupMetadataKey.key, groupMetadataKey, 0, { group: event.group.groupId }),
        value: prefixed(groupMetadataVersion, groupMetadataValue, groupMetadataVersion, groupValue(event.group)),
      }
    case 'group-removed':
      return { key: prefixed(groupMetadataKey.key, groupMetadataKey, 0, { group: event.groupId }), value: null }
    case 'offset-committed': {
      const { offset } = event
      const version = offset.expireTimestampMs === null ? offsetCommitVersion : offsetCommitVersionWithExpiry
      return {
        key: offsetKey(event),
        value: prefixed(version, offsetCommitValue, version, {
          offset: offset.offset,
          leaderEpoch: offset.leaderEpoch,
          metadata: offset.metadata,
          commitTimestamp: offset.commitTimestampMs,
          expireTimestamp: offset.expireTimestampMs ?? -1,
          topicId: offset.topicId,
        }),
      }
    }
    case 'offset-removed':
      return { key: offsetKey(event), value: null }
  }
}

function offsetKey({ groupId, topic, partition }: { groupId: string; topic: string; partition: number }): Buffer {
  return prefixed(offsetCommitKey.key, offsetCommitKey, 0, { group: groupId, topic, partition })
}

function groupValue(group: StoredGroup): MessageInput<typeof groupMetadataValue> {
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateChangedAtMs ?? -1,
    members: group.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  }
}

function prefixed<I>(prefix: number, struct: Struct<I>, version: number, value: I): Buffer {
  const writer = new Writer()
  writer.int16(prefix)
  struct.encode(version, value, writer)
  return writer.toBuffer()
}

/** Null for a record of another kind of group, which this broker does not know. Throws DecodeError. */
export function decodeGroupEvent(record: {
  readonly key: Buffer | null
  readonly value: Buffer | null
}): DurableEvent | null {
  if (record.key === null) return null
  const key = new Reader(record.key)
  const type = key.int16()
  if (offsetCommitTypes.includes(type)) {
    const { group, topic, partition } = offsetCommitKey.decode(0, key)
    return decodeOffset({ groupId: group, topic, partition }, record.value)
  }
  if (type !== groupMetadataKey.key) return null
  const { group } = groupMetadataKey.decode(0, key)
  return record.value === null
    ? { type: 'group-removed', groupId: group }
    : { type: 'group-stored', group: decodeGroup(group, record.value) }
}

function decodeOffset(
  position: { readonly groupId: string; readonly topic: string; readonly partition: number },
  bytes: Buffer | null,
): DurableEvent {
  if (bytes === null) return { type: 'offset-removed', ...position }
  const reader = new Reader(bytes)
  const value = offsetCommitValue.decode(reader.int16(), reader)
  return {
    type: 'offset-committed',
    ...position,
    offset: {
      offset: value.offset,
      leaderEpoch: value.leaderEpoch,
      metadata: value.metadata,
      commitTimestampMs: value.commitTimestamp,
      expireTimestampMs: value.expireTimestamp === -1 ? null : value.expireTimestamp,
      topicId: value.topicId ?? zeroUuid,
    },
  }
}

function decodeGroup(groupId: string, bytes: Buffer): StoredGroup {
  const reader = new Reader(bytes)
  const value = groupMetadataValue.decode(reader.int16(), reader)
  return {
    groupId,
    protocolType: value.protocolType === '' ? null : value.protocolType,
    generationId: value.generation,
    protocolName: value.protocol,
    leaderId: value.leader,
    stateChangedAtMs: value.currentStateTimestamp === -1 ? null : value.currentStateTimestamp,
    members: value.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      // Version 0 had one timeout for both.
      rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      // Copied: a view would keep the whole chunk that was read.
      subscription: owned(member.subscription),
      assignment: owned(member.assignment),
    })),
  }
}

function owned(bytes: Buffer): Buffer {
  return bytes.length === 0 ? noBytes : Buffer.from(bytes)
}
