import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import { encodeBatch, errorCodes, iterateBatches, zeroUuid } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { defaultGroupCoordinatorConfig } from './group-coordinator-config.ts'
import { encodeGroupEvent } from './group-records.ts'
import { GroupShard } from './group-shard.ts'
import { FakeLog } from './testing/fake-log.ts'
import { commitInput, commitOn, joinInput } from './testing/requests.ts'

function setUp(log?: FakeLog): { simulation: Simulation; log: FakeLog; shard: GroupShard; restarted(): GroupShard } {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('broker')
  const usedLog = log ?? new FakeLog(clock)
  const config = defaultGroupCoordinatorConfig
  const start = (): GroupShard => new GroupShard({ partition: 0, log: usedLog, config, clock, logger: silentLogger })
  return { simulation, log: usedLog, shard: start(), restarted: start }
}

const commit = (offset: number, member?: Parameters<typeof commitInput>[2]) => commitInput('g', offset, member)
const join = (memberIdSuffix: string) => ({ ...joinInput('g'), memberIdSuffix })

function syncInput(generationId: number): Parameters<GroupShard['sync']>[0] {
  const assignments = [{ memberId: 'c-1', assignment: Buffer.from('all') }]
  const member = { groupId: 'g', generationId, memberId: 'c-1', groupInstanceId: null }
  return { request: { ...member, protocolType: null, protocolName: null, assignments } }
}

/** A stable group of one member. */
async function stableGroup(simulation: Simulation, shard: GroupShard): Promise<void> {
  const joined = await simulation.settle(Promise.resolve(shard.join(join('1'))))
  const synced = await simulation.settle(Promise.resolve(shard.sync(syncInput(joined.generationId))))
  assert.equal(synced.errorCode, errorCodes.NONE)
}

test('an empty log is loaded at once, without a replay', () => {
  const { log, shard } = setUp()
  assert.deepEqual(shard.heartbeat({ groupId: 'g', memberId: 'm', generationId: 1, groupInstanceId: null }), {
    errorCode: errorCodes.UNKNOWN_MEMBER_ID,
  })
  assert.equal(log.replays, 0)
})

test('requests of one turn of the loop share an append, and are answered when it is done', async () => {
  const { simulation, log, shard } = setUp()
  log.appendMs = 5
  const answers = Promise.all(Array.from({ length: 100 }, (_, i) => commitOn(shard, commit(i))))
  assert.deepEqual(new Set(await simulation.settle(answers)), new Set([errorCodes.NONE]))
  assert.equal(log.appends, 1)
  assert.equal(simulation.nowMs >= 5, true)
})

test('what comes during an append makes the next one', async () => {
  const { simulation, log, shard } = setUp()
  log.appendMs = 5
  const answers = [commitOn(shard, commit(0))]
  for (const offset of [1, 2, 3]) simulation.at(2, () => answers.push(commitOn(shard, commit(offset))))
  await simulation.until(() => answers.length === 4)
  assert.deepEqual(await simulation.settle(Promise.all(answers)), [0, 0, 0, 0])
  assert.equal(log.appends, 2)
})

test('nobody waits longer than offsets.commit.timeout.ms for a log that does not commit, and what was written stands', async () => {
  const { simulation, log, shard } = setUp()
  const { offsetsCommitTimeoutMs } = defaultGroupCoordinatorConfig
  log.appendMs = 4 * offsetsCommitTimeoutMs
  const answer = commitOn(shard, commit(7))
  const joined = shard.join(join('1'))
  assert.equal(await simulation.settle(Promise.resolve(answer)), errorCodes.COORDINATOR_NOT_AVAILABLE)
  const { errorCode } = await simulation.settle(Promise.resolve(joined))
  assert.equal(errorCode, errorCodes.COORDINATOR_NOT_AVAILABLE)
  assert.ok(simulation.nowMs < offsetsCommitTimeoutMs + 10)
  await simulation.runFor(2 * log.appendMs)
  log.appendMs = 0
  assert.equal(shard.core?.fetchOffsets({ groupId: 'g', topics: null })[0]?.partitions[0]?.committedOffset, 7)
  assert.equal(await simulation.settle(Promise.resolve(commitOn(shard, commit(8)))), errorCodes.NONE)
  assert.equal(log.replays, 0)
})

test('an answer waits for what was queued before it, though it writes nothing itself', async () => {
  const { simulation, log, shard } = setUp()
  log.appendMs = 5
  const commitAnswer = commitOn(shard, commit(7))
  const fetched = shard.run({
    decide: core => ({
      events: [],
      replies: [],
      timers: [],
      answer: core.fetchOffsets({ groupId: 'g', topics: null }),
    }),
    refuse: () => [],
  })
  assert.ok(fetched instanceof Promise)
  await simulation.settle(commitAnswer)
  assert.equal(simulation.nowMs >= 5, true)
  assert.equal((await fetched)[0]?.partitions[0]?.committedOffset, 7)
})

test('a heartbeat is answered at once, and waits for nothing', async () => {
  const { simulation, log, shard } = setUp()
  await stableGroup(simulation, shard)
  log.appendMs = 5
  void commitOn(shard, commit(1, { memberId: 'c-1', generationId: 1 }))
  assert.deepEqual(shard.heartbeat({ groupId: 'g', memberId: 'c-1', generationId: 1, groupInstanceId: null }), {
    errorCode: errorCodes.NONE,
  })
})

test('groups and offsets are there after a restart, and members who do not come back are expired', async () => {
  const { simulation, shard, restarted } = setUp()
  await stableGroup(simulation, shard)
  assert.equal(await simulation.settle(commitOn(shard, commit(42, { memberId: 'c-1', generationId: 1 }))), 0)

  const next = restarted()
  next.load()
  const group = next.core?.groups.get('g')
  assert.equal(group?.state, 'Stable')
  assert.equal(group?.members.get('c-1')?.assignment.toString(), 'all')
  assert.equal(next.core?.fetchOffsets({ groupId: 'g', topics: null })[0]?.partitions[0]?.committedOffset, 42)
  await simulation.runFor(11_000)
  assert.equal(next.core?.groups.get('g')?.state, 'Empty')
})

test('while it loads, requests are told so, and heartbeats are taken on trust', async () => {
  const { simulation, log, shard, restarted } = setUp()
  await stableGroup(simulation, shard)
  log.replayMs = 100
  const next = restarted()
  assert.equal(await commitOn(next, commit(1)), errorCodes.COORDINATOR_LOAD_IN_PROGRESS)
  const heartbeat = { groupId: 'g', memberId: 'c-1', generationId: 1, groupInstanceId: null }
  assert.deepEqual(next.heartbeat(heartbeat), { errorCode: errorCodes.NONE })
  await simulation.runFor(150)
  assert.equal(await simulation.settle(commitOn(next, commit(1, { memberId: 'c-1', generationId: 1 }))), 0)
})

test('when an append fails, all who wait are told, and the groups are what the log holds', async () => {
  const { simulation, log, shard } = setUp()
  await stableGroup(simulation, shard)
  // A second member waits for the first one to join.
  const parked = shard.join(join('2'))
  log.failures.push(errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal(
    await simulation.settle(commitOn(shard, commit(1, { memberId: 'c-1', generationId: 1 }))),
    errorCodes.NOT_COORDINATOR,
  )
  assert.equal((await parked).errorCode, errorCodes.NOT_COORDINATOR)
  assert.deepEqual([...(shard.core?.groups.get('g')?.members.keys() ?? [])], ['c-1'])
  assert.deepEqual(shard.core?.fetchOffsets({ groupId: 'g', topics: null }), [])
  assert.equal(await simulation.settle(commitOn(shard, commit(2, { memberId: 'c-1', generationId: 1 }))), 0)
})

test('a load that fails is tried again', async () => {
  const { simulation, log, shard, restarted } = setUp()
  await stableGroup(simulation, shard)
  log.replayFailure = errorCodes.KAFKA_STORAGE_ERROR
  const next = restarted()
  assert.equal(await commitOn(next, commit(1)), errorCodes.NOT_COORDINATOR)
  log.replayFailure = errorCodes.NONE
  await simulation.runFor(2_000)
  assert.deepEqual([...(next.core?.groups.keys() ?? [])], ['g'])
})

test('a record that the log would not take is refused before anything has changed', async () => {
  const { simulation, log, shard } = setUp()
  assert.equal(await simulation.settle(commitOn(shard, commit(1))), errorCodes.NONE)
  log.batchBytesMax = 500
  assert.equal(await commitOn(shard, commit(2, { metadata: 'x'.repeat(1000) })), errorCodes.UNKNOWN_SERVER_ERROR)
  assert.equal(shard.core?.fetchOffsets({ groupId: 'g', topics: null })[0]?.partitions[0]?.committedOffset, 1)
})

test('more than a batch takes becomes several batches', async () => {
  const { simulation, log, shard } = setUp()
  log.batchBytesMax = 1_000
  const answers = Promise.all(Array.from({ length: 50 }, (_, i) => commitOn(shard, commit(i))))
  assert.deepEqual(new Set(await simulation.settle(answers)), new Set([errorCodes.NONE]))
  const sizes = log.batches.flatMap(batches => {
    const starts = [...iterateBatches(batches)]
    return starts.map((at, i) => (starts[i + 1] ?? batches.length) - at)
  })
  assert.ok(sizes.length > 1)
  assert.ok(sizes.every(size => size <= 1_000))
})

test('closing answers all who wait', async () => {
  const { simulation, log, shard } = setUp()
  await stableGroup(simulation, shard)
  const parked = shard.join(join('2'))
  log.appendMs = 5
  const committing = commitOn(shard, commit(1, { memberId: 'c-1', generationId: 1 }))
  shard.close()
  assert.equal((await parked).errorCode, errorCodes.NOT_COORDINATOR)
  assert.equal(await committing, errorCodes.NOT_COORDINATOR)
  await simulation.runFor(60_000)
  assert.equal(await commitOn(shard, commit(1)), errorCodes.NOT_COORDINATOR)
})

test('offsets of a transaction that Kafka wrote count once it is committed', () => {
  const { log, shard } = setUp()
  const position = { groupId: 'g', topic: 't', partition: 0 }
  const offset = {
    offset: 5,
    leaderEpoch: -1,
    metadata: '',
    commitTimestampMs: 0,
    expireTimestampMs: null,
    topicId: zeroUuid,
  }
  const records = [{ timestamp: 1, ...encodeGroupEvent({ type: 'offset-committed', ...position, offset }) }]
  const transaction = (producerId: number, markerType: number): Buffer[] => {
    const shared = { producerId, producerEpoch: 0, isTransactional: true }
    const marker = { timestamp: 1, key: Buffer.from([0, 0, 0, markerType]), value: Buffer.alloc(6) }
    return [
      encodeBatch({ ...shared, baseSequence: 0, records }),
      encodeBatch({ ...shared, isControl: true, records: [marker] }),
    ]
  }
  log.batches.push(...transaction(1, 0))
  shard.load()
  assert.deepEqual(shard.core?.fetchOffsets({ groupId: 'g', topics: null }), [])
  log.batches.push(...transaction(2, 1))
  const next = setUp(log).shard
  next.load()
  assert.equal(next.core?.fetchOffsets({ groupId: 'g', topics: null })[0]?.partitions[0]?.committedOffset, 5)
})
