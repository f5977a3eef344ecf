import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterState, PartitionInCluster } from './cluster-state.ts'
import { planLeadersAway, planLeadersBack, planReplicasAway } from './placement.ts'

/** Brokers 1, 2, 3… in the racks given; partitions as 'replicas' or 'replicas/isr', led by the first in sync. */
function stateOf(racks: readonly (string | null)[], partitions: readonly string[]): ClusterState {
  return {
    clusterId: 'c',
    controllerId: 1,
    brokers: racks.map((rack, index) => ({ brokerId: index + 1, host: 'h', port: 1, rack, isFenced: false })),
    down: [],
    partitions: partitions.map((text, partition): PartitionInCluster => {
      const [replicas = [], isr = replicas] = text.split('/').map(part => part.split(' ').map(Number))
      return { topic: 't', partition, leader: isr[0] ?? -1, replicas, isr, target: replicas }
    }),
  }
}

function movesOf({ moves }: ReturnType<typeof planReplicasAway>): string[] {
  return moves.map(({ partition, replicas }) => `${partition}: ${replicas.join(' ')}`)
}

test('copies go to a rack that has none, then where there are fewest, and keep their rank', () => {
  const racks = ['a', 'b', 'c', 'a', 'b']
  const plan = planReplicasAway(stateOf(racks, ['1 2 3', '1 2 3', '3 1 2', '4 5 3']), 1)
  assert.deepEqual(movesOf(plan), ['0: 4 2 3', '1: 4 2 3', '2: 3 4 2'])
})

test('without racks the copies of a broker are spread evenly over the others', () => {
  const partitions = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? '1 2' : '2 1'))
  const state = stateOf([null, null, null, null, null], partitions)
  const { moves } = planReplicasAway(state, 1)
  const counts = new Map<number, number>()
  for (const { replicas } of moves) for (const id of replicas) counts.set(id, (counts.get(id) ?? 0) + 1)
  assert.deepEqual(Object.fromEntries(counts), { 2: 12, 3: 4, 4: 4, 5: 4 })
})

test('a copy for which there is no other broker stays, and is told', () => {
  const { moves, stuck } = planReplicasAway(stateOf([null, null], ['1 2', '1']), 1)
  assert.deepEqual(
    moves.map(({ replicas }) => replicas),
    [[2]],
  )
  assert.deepEqual(stuck, [{ name: 't-0', because: 'for 2 copies there is only 1 other broker' }])
  const alone = planReplicasAway(stateOf([null], ['1']), 1)
  assert.deepEqual(alone, { moves: [], stuck: [{ name: 't-0', because: 'there is no other broker' }] })
})

test('what has no leader stays, and is told with the brokers that would help', () => {
  const state = stateOf([null, null], ['3', '3 4', '1 3', '1 2'])
  const partitions = state.partitions.map(partition => ({
    ...partition,
    leader: partition.partition === 2 ? partition.leader : -1,
  }))
  const { moves, stuck } = planReplicasAway({ ...state, partitions }, 3)
  assert.deepEqual(
    moves.map(({ partition }) => partition),
    [2],
  )
  assert.deepEqual(stuck, [
    { name: 't-0', because: 'there is no leader to copy from: start broker 3, or delete the topic' },
    { name: 't-1', because: 'there is no leader to copy from: start broker 3 or 4, or delete the topic' },
  ])
  assert.deepEqual(planReplicasAway({ ...state, partitions }, 2).stuck, [
    { name: 't-3', because: 'there is no leader to copy from: wait for one, or delete the topic' },
  ])
})

test('what is on its way already is not moved again', () => {
  const state = stateOf([null, null, null], ['1 2'])
  const [partition] = state.partitions
  assert.ok(partition !== undefined)
  const moving = { ...partition, replicas: [3, 2, 1], target: [3, 2] }
  assert.deepEqual(planReplicasAway({ ...state, partitions: [moving] }, 1), { moves: [], stuck: [] })
})

test('those in sync lead evenly what a broker led, and it comes last', () => {
  const plan = planLeadersAway(stateOf([null, null, null], ['1 2 3', '1 2 3', '2 1 3', '1 2 3/1 3', '1 2/1']), 1)
  assert.deepEqual(movesOf(plan), ['0: 3 2 1', '1: 2 3 1', '3: 3 2 1'])
  assert.deepEqual(plan.stuck, [{ name: 't-4', because: 'no other copy of it is in sync' }])
})

test('a broker that is first in line without leading loses that place, too', () => {
  assert.deepEqual(movesOf(planLeadersAway(stateOf([null, null, null], ['1 2 3/2 1 3']), 1)), ['0: 2 3 1'])
})

test('a broker gets its share of leaders back, from those that lead most, of what it has in sync', () => {
  const state = stateOf([null, null, null], ['1 2 3', '1 2 3', '1 2 3', '1 3 2', '2 1 3', '1 2 3/1 2'])
  const plan = planLeadersBack(state, 3)
  assert.deepEqual(movesOf(plan), ['3: 3 1 2', '2: 3 1 2'])
  const even = stateOf([null, null, null], ['1 2 3', '2 3 1', '3 1 2'])
  assert.deepEqual(planLeadersBack(even, 3), { moves: [], stuck: [] })
})
