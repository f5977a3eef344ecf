import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zeroUuid } from '@odradek/protocol'
import type { DurableEvent } from '../core/group/decision.ts'
import { decodeGroupEvent, encodeGroupEvent } from './group-records.ts'

const topicId = 'VVVVVVVVVVVVVVVVVVVVVQ'
const position = { groupId: 'g', topic: 't', partition: 3 }
const offset = {
  offset: 17,
  leaderEpoch: 5,
  metadata: 'note',
  commitTimestampMs: 1_700_000_000_000,
  expireTimestampMs: null,
  topicId,
}
const stored: DurableEvent = {
  type: 'group-stored',
  group: {
    groupId: 'g',
    protocolType: 'consumer',
    generationId: 2,
    protocolName: 'range',
    leaderId: 'm',
    stateChangedAtMs: 1_700_000_000_000,
    members: [
      {
        memberId: 'm',
        groupInstanceId: 'i',
        clientId: 'c',
        clientHost: '/10.0.0.1',
        rebalanceTimeoutMs: 60_000,
        sessionTimeoutMs: 10_000,
        subscription: Buffer.from('subscription'),
        assignment: Buffer.from('assignment'),
      },
    ],
  },
}

for (const event of [
  stored,
  { type: 'group-removed', groupId: 'g' },
  { type: 'offset-committed', ...position, offset },
  { type: 'offset-removed', ...position },
] satisfies DurableEvent[]) {
  test(`${event.type} is the same after a trip through its record`, () => {
    assert.deepEqual(decodeGroupEvent(encodeGroupEvent(event)), event)
  })
}

test('records have the versions that Kafka 4.3 writes', () => {
  assert.equal(encodeGroupEvent(stored).value?.readInt16BE(0), 3)
  assert.equal(encodeGroupEvent({ type: 'offset-committed', ...position, offset }).value?.readInt16BE(0), 4)
})

test('an offset with an expiry of its own is written in the one version that has it', () => {
  const expiring: DurableEvent = { type: 'offset-committed', ...position, offset: { ...offset, expireTimestampMs: 99 } }
  const record = encodeGroupEvent(expiring)
  assert.equal(record.value?.readInt16BE(0), 1)
  const kept = { ...offset, expireTimestampMs: 99, leaderEpoch: -1, topicId: zeroUuid }
  assert.deepEqual(decodeGroupEvent(record), { type: 'offset-committed', ...position, offset: kept })
})

test('records of other kinds of groups are not ours', () => {
  const key = Buffer.from([0, 3, 0, 1, 0x67])
  assert.equal(decodeGroupEvent({ key, value: null }), null)
  assert.equal(decodeGroupEvent({ key: null, value: null }), null)
})
