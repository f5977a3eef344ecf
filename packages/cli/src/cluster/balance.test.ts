import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Change, changed, planCopies, planLeaders, sharesOf } from './balance.ts'
import { type ClusterState, type PartitionInCluster, placeName } from './cluster-state.ts'

/** Brokers 1, 2, 3… in the racks given; topics of partitions as 'replicas', led by the first, all in sync. */
function stateOf(racks: readonly (string | null)[], ...topics: readonly (readonly string[])[]): ClusterState {
  return {
    clusterId: 'c',
    controllerId: 1,
    brokers: racks.map((rack, index) => ({ brokerId: index + 1, host: 'h', port: 1, rack, isFenced: false })),
    down: [],
    partitions: topics.flatMap((partitions, topic) =>
      partitions.map((text, partition): PartitionInCluster => {
        const replicas = text.split(' ').map(Number)
        return { topic: `t${topic}`, partition, leader: replicas[0] ?? -1, replicas, isr: replicas, target: replicas }
      }),
    ),
  }
}

function textOf(changes: readonly Change[]): string[] {
  return changes.map(change => `${placeName(change)}: ${change.before.join(' ')} -> ${change.replicas.join(' ')}`)
}

function copiesIn(changes: readonly Change[]): number {
  return changes.reduce((sum, { before, replicas }) => sum + replicas.filter(id => !before.includes(id)).length, 0)
}

function difference(values: readonly number[]): number {
  return Math.max(0, ...values) - Math.min(Number.POSITIVE_INFINITY, ...values)
}

const anywhere = (count: number) => Array.from({ length: count }, () => null)

test('a new broker gets its share from those who have most, of leaders and of followers', () => {
  const state = stateOf(anywhere(4), ['1 2 3', '2 3 1', '3 1 2', '1 3 2'])
  const copies = planCopies(state)
  assert.deepEqual(textOf(copies), ['t0-0: 1 2 3 -> 1 2 4', 't0-2: 3 1 2 -> 3 1 4', 't0-3: 1 3 2 -> 4 3 2'])
  assert.deepEqual(sharesOf(changed(state, copies)), [
    { brokerId: 1, holds: 3, leads: 1 },
    { brokerId: 2, holds: 3, leads: 1 },
    { brokerId: 3, holds: 3, leads: 1 },
    { brokerId: 4, holds: 3, leads: 1 },
  ])
})

test('a new broker gets of every topic', () => {
  const each = ['1 2', '2 1', '1 2', '2 1']
  const changes = planCopies(stateOf(anywhere(4), each, each, each, each))
  const byTopic = Map.groupBy(
    changes.filter(({ replicas }) => replicas.includes(3)),
    ({ topic }) => topic,
  )
  assert.deepEqual(
    [...byTopic].map(([topic, { length }]) => [topic, length]),
    [
      ['t0', 2],
      ['t1', 2],
      ['t2', 2],
      ['t3', 2],
    ],
  )
})

test('a partition stays in as many racks as it is in, and gets into more where that costs nothing', () => {
  const spread = stateOf(['a', 'b', 'b'], ['1 2', '1 2', '1 2', '1 2'])
  assert.deepEqual(textOf(planCopies(spread)), ['t0-0: 1 2 -> 1 3', 't0-1: 1 2 -> 1 3'])
  const crowded = stateOf(['a', 'a', 'b'], ['1 2', '1 2', '1 3'])
  assert.deepEqual(textOf(planCopies(crowded)), ['t0-0: 1 2 -> 3 2'])
})

test('where racks leave no straight way a third broker gets one and gives another', () => {
  // 1 has one too many and 4 one too few, but 1 is the only one in rack a of all that it has.
  const state = stateOf(['a', 'a', 'b', 'b', 'b'], ['1 3', '1 3', '1 5'], ['2', '2', '5', '4'])
  const copies = planCopies(state)
  assert.deepEqual(textOf(copies), ['t0-0: 1 3 -> 2 3', 't1-0: 2 -> 4'])
  assert.deepEqual(
    sharesOf(changed(state, copies)).map(({ holds }) => holds),
    [2, 2, 2, 2, 2],
  )
})

test('what is on the move counts where it goes to, and what has no leader or is on the move stays out of it', () => {
  const state = stateOf(anywhere(3), ['1', '1', '1', '1'])
  const [first, second, third, fourth] = state.partitions
  assert.ok(first && second && third && fourth)
  const moving = { ...first, replicas: [2, 1], target: [2] }
  const partitions = [moving, { ...second, leader: -1 }, third, fourth]
  assert.deepEqual(textOf(planCopies({ ...state, partitions })), ['t0-2: 1 -> 3'])
})

test('copies on brokers that are down or gone stay there, and nobody gets them', () => {
  const state = stateOf(anywhere(3), ['1 4', '1 4', '1 4', '2 4'])
  const down = [{ brokerId: 4, host: 'h', port: 1, rack: null, isFenced: true }]
  for (const each of [state, { ...state, down }]) {
    assert.deepEqual(textOf(planCopies(each)), ['t0-0: 1 4 -> 3 4'])
  }
})

test('leaders are evened out by the order of the copies alone, over third brokers where need be', () => {
  assert.deepEqual(textOf(planLeaders(stateOf(anywhere(3), ['1 2 3', '1 2 3', '1 3 2']))), [
    't0-0: 1 2 3 -> 2 1 3',
    't0-1: 1 2 3 -> 3 1 2',
  ])
  assert.deepEqual(textOf(planLeaders(stateOf(anywhere(3), ['1 2', '1 2', '2 3']))), [
    't0-0: 1 2 -> 2 1',
    't0-2: 2 3 -> 3 2',
  ])
})

const clusters = fc
  .record({ live: fc.integer({ min: 1, max: 7 }), dead: fc.integer({ min: 0, max: 2 }), hasRacks: fc.boolean() })
  .chain(({ live, dead, hasRacks }) => {
    const ids = Array.from({ length: live + dead }, (_, index) => index + 1)
    const rack = hasRacks ? fc.constantFrom('a', 'b', 'c', null) : fc.constant(null)
    const partition = fc.record({
      topic: fc.constantFrom('t', 'u', 'v'),
      replicas: fc.shuffledSubarray(ids, { minLength: 1, maxLength: Math.min(4, ids.length) }),
      isOffline: fc.integer({ min: 0, max: 19 }).map(n => n === 0),
    })
    return fc.record({
      racks: fc.array(rack, { minLength: live + dead, maxLength: live + dead }),
      partitions: fc.array(partition, { maxLength: 40 }),
      live: fc.constant(live),
    })
  })
  .map(({ racks, partitions, live }): ClusterState => {
    const brokers = racks.map((rack, index) => ({ brokerId: index + 1, host: 'h', port: 1, rack, isFenced: false }))
    return {
      clusterId: 'c',
      controllerId: 1,
      brokers: brokers.slice(0, live),
      down: brokers.slice(live),
      partitions: partitions.map(({ topic, replicas, isOffline }, partition) => {
        const leader = isOffline ? -1 : (replicas.find(id => id <= live) ?? -1)
        return { topic, partition, leader, replicas, isr: leader < 0 ? [] : [leader], target: replicas }
      }),
    }
  })

const withoutRacks = clusters.map(({ down, brokers, partitions, ...rest }): ClusterState => {
  const live = brokers.map(broker => ({ ...broker, rack: null }))
  const kept = partitions.filter(({ replicas, leader }) => leader >= 0 && replicas.every(id => id <= live.length))
  return { ...rest, brokers: live, down: [], partitions: kept }
})

test('property: no copy is lost, no broker has two of a partition, and none that does not run gets or loses any', () => {
  fc.assert(
    fc.property(clusters, state => {
      const live = new Set(state.brokers.map(({ brokerId }) => brokerId))
      const copies = planCopies(state)
      const leaders = planLeaders(changed(state, copies))
      for (const { before, replicas } of copies) {
        assert.equal(replicas.length, before.length)
        assert.equal(new Set(replicas).size, replicas.length)
        for (const [rank, id] of replicas.entries()) {
          if (id !== before[rank]) assert.ok(live.has(id) && live.has(before[rank] ?? -1))
        }
      }
      for (const { before, replicas } of leaders) {
        assert.deepEqual(replicas.toSorted(), before.toSorted())
        assert.ok(live.has(replicas[0] ?? -1))
      }
      const names = [...copies].map(placeName)
      assert.equal(new Set(names).size, names.length)
    }),
    { numRuns: 500 },
  )
})

test('property: no partition gets into fewer racks, and no cluster gets less even', () => {
  fc.assert(
    fc.property(clusters, state => {
      const racks = new Map([...state.brokers, ...state.down].map(({ brokerId, rack }) => [brokerId, rack ?? brokerId]))
      const racksOf = (ids: readonly number[]) => new Set(ids.map(id => racks.get(id))).size
      const copies = planCopies(state)
      for (const { before, replicas } of copies) assert.ok(racksOf(replicas) >= racksOf(before))
      const spread = (each: ClusterState) => difference(sharesOf(each).map(({ holds }) => holds))
      assert.ok(spread(changed(state, copies)) <= spread(state))
    }),
    { numRuns: 500 },
  )
})

test('property: without racks no broker holds two more than another, after the fewest moves that there can be', () => {
  fc.assert(
    fc.property(withoutRacks, state => {
      const copies = planCopies(state)
      assert.ok(difference(sharesOf(changed(state, copies)).map(({ holds }) => holds)) <= 1)
      const held = sharesOf(state).map(({ holds }) => holds)
      const mean = held.reduce((sum, each) => sum + each, 0) / held.length
      const beyond = (sign: 1 | -1, bound: number) =>
        held.reduce((sum, each) => sum + Math.max(0, sign * (each - bound)), 0)
      assert.ok(copiesIn(copies) <= Math.max(beyond(1, Math.ceil(mean)), beyond(-1, Math.floor(mean))))
    }),
    { numRuns: 500 },
  )
})

test('property: where all partitions have as many copies no broker is to lead two more than another', () => {
  const uniform = fc.tuple(withoutRacks, fc.integer({ min: 1, max: 3 })).map(([state, copies]) => ({
    ...state,
    partitions: state.partitions.filter(({ replicas }) => replicas.length === copies),
  }))
  fc.assert(
    fc.property(uniform, state => {
      const even = changed(state, planCopies(state))
      const leads = sharesOf(changed(even, planLeaders(even))).map(({ leads }) => leads)
      assert.ok(difference(leads) <= 1, leads.join())
    }),
    { numRuns: 500 },
  )
})

test('property: in a balanced cluster nothing is left to do', () => {
  fc.assert(
    fc.property(clusters, state => {
      const even = changed(state, planCopies(state))
      const balanced = changed(even, planLeaders(even))
      assert.deepEqual(textOf(planCopies(even)), [])
      assert.deepEqual(textOf(planCopies(balanced)), [])
      assert.deepEqual(textOf(planLeaders(balanced)), [])
    }),
    { numRuns: 2000 },
  )
})
