import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@odradek/protocol'
import fc from 'fast-check'
import type { ClassicGroup } from './classic-group.ts'
import { GroupCore } from './group-core.ts'
import { GroupWorld, subscription } from './testing/group-world.ts'

const groupId = 'g'
const sessionTimeoutMs = 10_000
const rebalanceTimeoutMs = 30_000
/** By then every parked request is answered: a rebalance and a session on top of a new member's five minutes. */
const longestWaitMs = 5 * 60_000 + rebalanceTimeoutMs + sessionTimeoutMs

type Step =
  | {
      readonly do: 'join'
      readonly client: number
      readonly isStatic: boolean
      readonly version: number
      readonly topics: number
    }
  | { readonly do: 'rejoin' | 'sync' | 'heartbeat' | 'leave' | 'commit'; readonly client: number }
  | { readonly do: 'round' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart' }

const client = fc.integer({ min: 0, max: 4 })
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('join' as const),
        client,
        isStatic: fc.boolean(),
        version: fc.constantFrom(3, 8, 9),
        topics: fc.integer({ min: 1, max: 3 }),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'rejoin' as const,
          'sync' as const,
          'heartbeat' as const,
          'leave' as const,
          'commit' as const,
        ),
        client,
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12_000 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('round' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  ),
  { maxLength: 80, size: 'max' },
)

/** Consumers that know what they were answered, and otherwise do as they are told. */
class Clients {
  readonly world: GroupWorld
  readonly parked = new Map<
    number,
    { readonly client: number; readonly api: 'join' | 'sync'; readonly sinceMs: number }
  >()
  readonly #members = new Map<
    number,
    { memberId: string; generationId: number; instance: string | null; topics: number }
  >()
  /** What each generation gave out: member → assignment. */
  readonly assignments = new Map<number, Map<string, string>>()

  constructor(world: GroupWorld) {
    this.world = world
  }

  run(step: Step): void {
    if (step.do === 'wait') this.world.wait(step.ms)
    else if (step.do === 'restart') this.#restart()
    else if (step.do === 'join') this.#joinNew(step)
    else if (step.do === 'round') this.#round()
    else this.#act(step.do, step.client)
    this.#takeAnswers()
  }

  /** For once they all do what they should. */
  #round(): void {
    for (const what of ['rejoin', 'rejoin', 'sync'] as const) {
      for (const client of this.#members.keys()) this.#act(what, client)
      this.#takeAnswers()
    }
  }

  /** Their requests went to a coordinator that is gone: those who were parked have been told so. */
  #restart(): void {
    this.world.restart()
    this.parked.clear()
    this.assignments.clear()
  }

  #joinNew({ client, isStatic, version, topics }: Extract<Step, { do: 'join' }>): void {
    const instance = isStatic ? `i${client}` : null
    this.#members.set(client, { memberId: '', generationId: -1, instance, topics })
    this.#join(client, version)
  }

  #join(client: number, apiVersion = 9): void {
    const member = this.#members.get(client)
    if (member === undefined) return
    const request = {
      groupId,
      memberId: member.memberId,
      groupInstanceId: member.instance,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription([`t${member.topics}`]) }],
    }
    const requestId = this.world.join(request, { apiVersion, clientId: `c${client}` })
    this.parked.set(requestId, { client, api: 'join', sinceMs: this.world.nowMs })
  }

  #act(what: 'rejoin' | 'sync' | 'heartbeat' | 'leave' | 'commit', client: number): void {
    const { world } = this
    const member = this.#members.get(client)
    if (member === undefined) return
    const { memberId, generationId, instance: groupInstanceId } = member
    if (what === 'rejoin') this.#join(client)
    else if (what === 'sync') {
      const group = world.core.groups.get(groupId)
      const isLeader = group?.leaderId === memberId && memberId !== ''
      const assignments = isLeader
        ? [...(group?.members.keys() ?? [])].map((id, i) => ({
            memberId: id,
            assignment: Buffer.from(`partition ${i}`),
          }))
        : []
      const request = {
        groupId,
        generationId,
        memberId,
        groupInstanceId,
        protocolType: null,
        protocolName: null,
        assignments,
      }
      this.parked.set(world.sync(request), { client, api: 'sync', sinceMs: world.nowMs })
    } else if (what === 'heartbeat') {
      world.answer(world.core.decideHeartbeat({ groupId, generationId, memberId, groupInstanceId }, world.nowMs))
    } else if (what === 'leave') {
      world.answer(world.core.decideLeave({ groupId, members: [{ memberId, groupInstanceId }] }, world.nowMs))
    } else {
      const partitions = [
        { partitionIndex: 0, committedOffset: client, committedLeaderEpoch: -1, committedMetadata: null },
      ]
      const topics = [{ name: 't1', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions }]
      const request = {
        groupId,
        generationIdOrMemberEpoch: generationId,
        memberId,
        groupInstanceId,
        retentionTimeMs: -1,
        topics,
      }
      world.answer(world.core.decideCommit({ apiVersion: 9, request }, world.nowMs))
    }
  }

  #takeAnswers(): void {
    const group = this.world.core.groups.get(groupId)
    for (const [requestId, { client, api }] of [...this.parked]) {
      const member = this.#members.get(client)
      if (api === 'join') {
        const answer = this.world.joins.get(requestId)
        if (answer === undefined || member === undefined) continue
        if (answer.errorCode === errorCodes.NONE || answer.errorCode === errorCodes.MEMBER_ID_REQUIRED) {
          this.#members.set(client, { ...member, memberId: answer.memberId, generationId: answer.generationId })
        }
      } else {
        const answer = this.world.syncs.get(requestId)
        if (answer === undefined) continue
        if (
          answer.errorCode === errorCodes.NONE &&
          answer.assignment.length > 0 &&
          group !== undefined &&
          member !== undefined
        ) {
          const given = this.assignments.get(group.generationId) ?? new Map<string, string>()
          this.assignments.set(group.generationId, given.set(member.memberId, answer.assignment.toString()))
        }
      }
      this.parked.delete(requestId)
    }
  }
}

function checkSteps(sequence: readonly Step[], check: (world: GroupWorld, clients: Clients) => void): void {
  const world = new GroupWorld()
  const clients = new Clients(world)
  for (const step of sequence) {
    clients.run(step)
    check(world, clients)
  }
}

/** The assignments of one generation as the core keeps them. */
function owners(group: ClassicGroup): string[] {
  return [...group.members.values()].map(member => member.assignment.toString()).filter(assignment => assignment !== '')
}

test('a partition has one owner in a generation, whatever the members do', () => {
  fc.assert(
    fc.property(steps, sequence => {
      checkSteps(sequence, world => {
        for (const group of world.core.groups.values()) {
          const owned = owners(group)
          assert.equal(new Set(owned).size, owned.length)
        }
      })
    }),
    { numRuns: 400 },
  )
})

test('a generation never goes back while the log is kept', () => {
  fc.assert(
    fc.property(steps, sequence => {
      let highest = 0
      let stored = 0
      checkSteps(
        sequence.filter(step => step.do !== 'restart'),
        world => {
          const generationId = world.core.groups.get(groupId)?.generationId ?? 0
          assert.ok(generationId >= highest)
          highest = generationId
          for (const event of world.records) {
            if (event.type !== 'group-stored') continue
            assert.ok(event.group.generationId >= stored || event.group.generationId === 0)
            stored = event.group.generationId
          }
          stored = 0
        },
      )
    }),
    { numRuns: 200 },
  )
})

test('replaying all events gives the same groups and offsets', () => {
  fc.assert(
    fc.property(steps, sequence => {
      checkSteps(sequence, world => {
        const replayed = new GroupCore(world.config)
        for (const event of world.events) replayed.apply(event)
        assert.deepEqual(replayed.groups, world.core.groups)
        const query = { groupId, topics: null }
        assert.deepEqual(replayed.fetchOffsets(query), world.core.fetchOffsets(query))
      })
    }),
    { numRuns: 60 },
  )
})

test('deciding changes nothing', () => {
  fc.assert(
    fc.property(steps, sequence => {
      const world = new GroupWorld()
      const clients = new Clients(world)
      const snapshot = (): unknown => structuredClone([...world.core.groups])
      let asApplied = snapshot()
      const carryOut = world.carryOut.bind(world)
      world.carryOut = decision => {
        assert.deepEqual(snapshot(), asApplied)
        carryOut(decision)
        asApplied = snapshot()
      }
      for (const step of sequence) if (step.do !== 'restart') clients.run(step)
    }),
    { numRuns: 60 },
  )
})

test('every JoinGroup and SyncGroup is answered, and members that vanish are removed', () => {
  fc.assert(
    fc.property(steps, sequence => {
      const world = new GroupWorld()
      const clients = new Clients(world)
      for (const step of sequence) clients.run(step)
      clients.run({ do: 'wait', ms: longestWaitMs })
      assert.deepEqual([...clients.parked.values()], [])
      const group = world.core.groups.get(groupId)
      assert.deepEqual([...(group?.members.keys() ?? [])], [])
      assert.deepEqual([...(group?.pendingMembers ?? [])], [])
      assert.equal(group?.state ?? 'Empty', 'Empty')
      assert.deepEqual([...world.timers.keys()], [])
    }),
    { numRuns: 400 },
  )
})

test('a stable group is after a restart what it was, but for its parked requests', () => {
  fc.assert(
    fc.property(steps, sequence => {
      checkSteps(sequence, world => {
        const before = world.core.groups.get(groupId)
        if (before?.state !== 'Stable') return
        const restarted = new GroupWorld()
        for (const event of world.records) restarted.core.replay(event)
        const after = restarted.core.groups.get(groupId)
        assert.equal(after?.state, 'Stable')
        assert.equal(after?.generationId, before.generationId)
        assert.equal(after?.leaderId, before.leaderId)
        assert.deepEqual(after === undefined ? [] : owners(after), owners(before))
        assert.deepEqual(after?.staticMembers, before.staticMembers)
        assert.deepEqual(after?.subscribedTopics, before.subscribedTopics)
      })
    }),
    { numRuns: 200 },
  )
})
