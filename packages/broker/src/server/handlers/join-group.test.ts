import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  describeGroupsRequest,
  describeGroupsResponse,
  errorCodes,
  findCoordinatorRequest,
  findCoordinatorResponse,
  heartbeatRequest,
  heartbeatResponse,
  joinGroupRequest,
  joinGroupResponse,
  leaveGroupRequest,
  leaveGroupResponse,
  listGroupsRequest,
  listGroupsResponse,
  type MessageInput,
  syncGroupRequest,
  syncGroupResponse,
} from '@odradek/protocol'
import { testBroker, testClient } from '../testing/test-broker.ts'
import type { TestClient } from '../testing/test-client.ts'

type JoinBody = MessageInput<typeof joinGroupRequest>

const joinBody = {
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0]) }],
}

async function groupClient(t: TestContext): Promise<TestClient> {
  const client = await testClient(t, await testBroker(t))
  await client.send(findCoordinatorRequest, findCoordinatorResponse, { key: 'g' }, { version: 1 })
  return client
}

function join(client: TestClient, version: number, change: JoinBody = {}) {
  return client.send(joinGroupRequest, joinGroupResponse, { ...joinBody, ...change }, { version })
}

for (let version = joinGroupRequest.versions[0]; version <= joinGroupRequest.versions[1]; version++) {
  test(`a member joins, syncs, lives and leaves (JoinGroup version ${version})`, async t => {
    const client = await groupClient(t)
    const { rebalanceTimeoutMs: _, ...bodyOfVersion0 } = joinBody
    const body = version === 0 ? bodyOfVersion0 : joinBody
    const first = await client.send(joinGroupRequest, joinGroupResponse, body, { version })
    const joined =
      version < 4
        ? first
        : await client.send(joinGroupRequest, joinGroupResponse, { ...body, memberId: first.memberId }, { version })
    if (version >= 4) assert.equal(first.errorCode, errorCodes.MEMBER_ID_REQUIRED)
    const { memberId, generationId } = joined
    assert.equal(joined.errorCode, errorCodes.NONE)
    assert.equal(joined.leader, memberId)
    assert.deepEqual(
      joined.members.map(member => member.memberId),
      [memberId],
    )
    const other = { version: Math.min(version, 5) }
    const assignments = [{ memberId, assignment: Buffer.from('all') }]
    const named = other.version === 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}
    const sync = { groupId: 'g', generationId, memberId, assignments, ...named }
    const synced = await client.send(syncGroupRequest, syncGroupResponse, sync, other)
    assert.equal(synced.assignment.toString(), 'all')
    const heartbeat = { groupId: 'g', generationId, memberId }
    const alive = await client.send(heartbeatRequest, heartbeatResponse, heartbeat, { version: Math.min(version, 4) })
    assert.equal(alive.errorCode, errorCodes.NONE)
    const leave = other.version < 3 ? { groupId: 'g', memberId } : { groupId: 'g', members: [{ memberId }] }
    const left = await client.send(leaveGroupRequest, leaveGroupResponse, leave, other)
    assert.equal(left.errorCode, errorCodes.NONE)
    const { groups } = await client.send(listGroupsRequest, listGroupsResponse, {}, { version: 5 })
    const listed = { groupId: 'g', protocolType: 'consumer', groupState: 'Empty', groupType: 'classic' }
    assert.deepEqual(groups, [listed])
  })
}

test("a member's own error is the answer's, before LeaveGroup knew several members", async t => {
  const client = await groupClient(t)
  await join(client, 3)
  const body = { groupId: 'g', memberId: 'nobody' }
  const left = await client.send(leaveGroupRequest, leaveGroupResponse, body, { version: 2 })
  assert.equal(left.errorCode, errorCodes.UNKNOWN_MEMBER_ID)
})

test('a refusal has no protocol, which old versions read as an empty name', async t => {
  const client = await groupClient(t)
  assert.equal((await join(client, 9, { sessionTimeoutMs: 1 })).protocolName, null)
  assert.equal((await join(client, 6, { sessionTimeoutMs: 1 })).protocolName, '')
})

test('version 5 of SyncGroup must name the protocol', async t => {
  const client = await groupClient(t)
  const { memberId, generationId } = await join(client, 3)
  const synced = await client.send(
    syncGroupRequest,
    syncGroupResponse,
    { groupId: 'g', memberId, generationId },
    { version: 5 },
  )
  assert.equal(synced.errorCode, errorCodes.INCONSISTENT_GROUP_PROTOCOL)
})

test('a stable group is described with its members', async t => {
  const client = await groupClient(t)
  const { memberId, generationId } = await join(client, 5, { groupInstanceId: 'i' })
  const assignments = [{ memberId, assignment: Buffer.from('all') }]
  const sync = { groupId: 'g', generationId, memberId, groupInstanceId: 'i', assignments }
  await client.send(syncGroupRequest, syncGroupResponse, sync, { version: 3 })
  const body = { groups: ['g', 'none'], includeAuthorizedOperations: true }
  const { groups } = await client.send(describeGroupsRequest, describeGroupsResponse, body, { version: 6 })
  const [group, none] = groups
  assert.deepEqual([group?.groupState, group?.protocolType, group?.protocolData], ['Stable', 'consumer', 'range'])
  const member = group?.members[0]
  assert.deepEqual([member?.memberId, member?.groupInstanceId, member?.clientHost], [memberId, 'i', '/127.0.0.1'])
  assert.equal(member?.memberAssignment.toString(), 'all')
  // READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS.
  assert.equal(group?.authorizedOperations, 0b1101_0100_1000)
  assert.deepEqual([none?.errorCode, none?.groupState], [errorCodes.GROUP_ID_NOT_FOUND, 'Dead'])
})
