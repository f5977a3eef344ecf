import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { noLeader, type PartitionImage } from './cluster-image.ts'
import { changePartition, type Election, type PartitionRules, type PartitionTarget } from './partition-change.ts'
import { partitionImage } from './partition-state.ts'

const base = { leader: 1, leaderEpoch: 10, partitionEpoch: 20, replicas: [1, 2, 3], isr: [1, 2, 3] }

/** What becomes of a partition, where some brokers live. */
function change(
  before: Partial<PartitionImage>,
  target: PartitionTarget,
  { live = [1, 2, 3, 4], min = 2, elr = true }: { live?: number[]; min?: number; elr?: boolean } = {},
): PartitionImage | null {
  const rules = { isAcceptableLeader: (id: number) => live.includes(id), minInSyncReplicas: min, elrEnabled: elr }
  return changePartition({ ...partitionImage(base), ...before }, target, rules)
}

/** The parts of a state that matter, as text: `leader 2@11 isr 2,3`. */
function shown(partition: PartitionImage | null): string {
  if (partition === null) return 'unchanged'
  const { leader, leaderEpoch, isr, elr, lastKnownElr, replicas, addingReplicas, removingReplicas } = partition
  const list = (name: string, ids: readonly number[]) => (ids.length > 0 ? ` ${name} ${ids}` : '')
  return (
    `leader ${leader}@${leaderEpoch} isr ${isr}` +
    list('elr', elr) +
    list('last', lastKnownElr) +
    (replicas.join() === '1,2,3' ? '' : ` replicas ${replicas}`) +
    list('adding', addingReplicas) +
    list('removing', removingReplicas) +
    (partition.leaderRecoveryState === 'recovering' ? ' recovering' : '')
  )
}

test('the last leader is remembered while those in sync may not lead, for when all of them are gone', () => {
  const waiting = change({ isr: [1, 2] }, { isr: [2] }, { live: [] })
  assert.equal(shown(waiting), 'leader -1@11 isr 2 elr 1 last 1')
  const gone = change(waiting ?? {}, { isr: [], uncleanShutdowns: [1] }, { live: [] })
  assert.equal(shown(gone), 'leader -1@11 isr  elr 2 last 1')
  const back = change(gone ?? {}, { uncleanShutdowns: [2] }, { live: [1, 2] })
  assert.equal(shown(back), 'leader 1@12 isr 1 recovering')
})

test('a leader that may go on goes on; else the first replica in sync that may leads', () => {
  assert.equal(shown(change({}, {})), 'unchanged')
  assert.equal(shown(change({ leader: 3 }, {})), 'unchanged')
  assert.equal(shown(change({}, { isr: [2, 3] })), 'leader 2@11 isr 2,3')
  assert.equal(shown(change({}, { isr: [2, 3] }, { live: [3] })), 'leader 3@11 isr 2,3')
})

test('the preferred leader is the first replica, where it may lead', () => {
  assert.equal(shown(change({ leader: 3 }, { election: 'preferred' })), 'leader 1@11 isr 1,2,3')
  assert.equal(shown(change({ leader: 3 }, { election: 'preferred' }, { live: [2, 3] })), 'unchanged')
  assert.equal(shown(change({ leader: 3, isr: [2, 3] }, { election: 'preferred' })), 'unchanged')
})

test('an ISR that grows or shrinks leaves the leader and its epoch alone', () => {
  assert.equal(shown(change({}, { isr: [1, 2] })), 'leader 1@10 isr 1,2')
  const grown = change({ isr: [1] }, { isr: [1, 3] })
  assert.deepEqual([shown(grown), grown?.partitionEpoch], ['leader 1@10 isr 1,3', 21])
})

test('who leaves an ISR below the minimum stays eligible, until the minimum is there again', () => {
  assert.equal(shown(change({}, { isr: [1] })), 'leader 1@10 isr 1 elr 2,3')
  assert.equal(shown(change({ isr: [1], elr: [2, 3] }, { isr: [1, 2] })), 'leader 1@10 isr 1,2')
  assert.equal(shown(change({ isr: [1], elr: [2] }, { isr: [1, 3] }, { min: 3 })), 'leader 1@10 isr 1,3 elr 2')
  assert.equal(shown(change({}, { isr: [1] }, { elr: false })), 'leader 1@10 isr 1')
})

test('the last in sync is remembered when it goes', () => {
  const alone = { isr: [1] }
  assert.equal(shown(change(alone, { isr: [] }, { live: [2, 3], min: 1 })), 'leader -1@11 isr  elr 1 last 1')
  assert.equal(shown(change(alone, { isr: [] }, { live: [2, 3], elr: false })), 'leader -1@11 isr 1')
  const back = change({ leader: noLeader, isr: [1] }, {}, { live: [1], elr: false })
  assert.equal(shown(back), 'leader 1@11 isr 1')
})

test('without an ISR an eligible replica leads, and is then the ISR', () => {
  const empty = { leader: noLeader, isr: [], elr: [1, 2], lastKnownElr: [1] }
  assert.equal(shown(change(empty, {}, { live: [3] })), 'unchanged')
  assert.equal(shown(change(empty, {}, { live: [2, 3] })), 'leader 2@11 isr 2 elr 1')
  assert.equal(shown(change({ isr: [1], elr: [2] }, { isr: [] }, { live: [2] })), 'leader 2@11 isr 2 elr 1')
})

test('when nobody is known to have everything, who led last may lead on, and has to recover', () => {
  const lost = { leader: noLeader, isr: [], elr: [], lastKnownElr: [1] }
  assert.equal(shown(change(lost, {}, { live: [2, 3] })), 'unchanged')
  assert.equal(shown(change(lost, {}, { live: [1, 2] })), 'leader 1@11 isr 1 recovering')
  // The last one in sync doubts its disk, and did not lead because it was about to stop.
  const doubted = { leader: noLeader, isr: [3], elr: [], lastKnownElr: [1] }
  assert.equal(shown(change(doubted, {}, { live: [1, 2] })), 'unchanged')
  const left = change(doubted, { isr: [], uncleanShutdowns: [3] }, { live: [1, 2] })
  assert.equal(shown(left), 'leader 1@11 isr 1 recovering')
  const crashed = change({ isr: [1] }, { isr: [], uncleanShutdowns: [1] }, { live: [2] })
  assert.equal(shown(crashed), 'leader -1@11 isr  last 1')
})

test('an unclean leader is alone in sync, and only where that is allowed', () => {
  const offline = { leader: noLeader, isr: [1] }
  assert.equal(shown(change(offline, { election: 'online' }, { live: [3] })), 'unchanged')
  assert.equal(shown(change(offline, { election: 'unclean' }, { live: [3] })), 'leader 3@11 isr 3 recovering')
  const clean = change({}, { isr: [2, 3], election: 'unclean' })
  assert.equal(shown(clean), 'leader 2@11 isr 2,3')
  assert.equal(
    shown(change({ leaderRecoveryState: 'recovering' }, { leaderRecoveryState: 'recovered' })),
    'leader 1@10 isr 1,2,3',
  )
})

test('a reassignment is completed by the ISR that has all of its target', () => {
  const moving = { replicas: [3, 4, 1, 2], addingReplicas: [4], removingReplicas: [1, 2], isr: [1, 2] }
  assert.equal(
    shown(change(moving, { isr: [1, 2, 3] })),
    'leader 1@10 isr 1,2,3 replicas 3,4,1,2 adding 4 removing 1,2',
  )
  assert.equal(shown(change(moving, { isr: [1, 2, 3, 4] })), 'leader 3@11 isr 3,4 replicas 3,4')
  // The leader stays, and the one who was taken away has to hear of it.
  const without2 = { replicas: [1, 3, 2], removingReplicas: [2], isr: [1, 2] }
  assert.equal(shown(change(without2, { isr: [1, 2, 3] })), 'leader 1@11 isr 1,3 replicas 1,3')
})

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 5 }))
const states = fc
  .record({
    replicas: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
    picks: fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }),
    leads: fc.nat(5),
    adding: fc.nat(2),
    removing: fc.nat(2),
  })
  .map(({ replicas, picks, leads, adding, removing }): PartitionImage => {
    const isr = replicas.filter((_, at) => picks[at] === 0)
    const elr = replicas.filter((_, at) => picks[at] === 1)
    const leader = isr[leads] ?? noLeader
    const moving = replicas.length > adding + removing
    return {
      ...partitionImage({ leader, leaderEpoch: 3, partitionEpoch: 5, replicas, isr, elr }),
      lastKnownElr: leader === noLeader && leads > 2 ? replicas.slice(0, 1) : [],
      addingReplicas: moving ? replicas.slice(0, adding) : [],
      removingReplicas: moving && removing > 0 ? replicas.slice(-removing) : [],
    }
  })
const elections = fc.constantFrom<Election>('preferred', 'online', 'unclean')

test('whatever is asked for, the invariants of a partition hold', () => {
  fc.assert(
    fc.property(
      states,
      elections,
      ids,
      fc.array(fc.nat(1), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      (before, election, live, picks, min, elrEnabled) => {
        const isr = before.replicas.filter((_, at) => picks[at] === 1)
        const rules: PartitionRules = {
          isAcceptableLeader: id => live.includes(id),
          minInSyncReplicas: Math.min(min, before.replicas.length),
          elrEnabled,
        }
        const after = changePartition(before, { isr, election }, rules)
        if (after === null) return
        checkPartition(after)
        assert.equal(after.partitionEpoch, before.partitionEpoch + 1)
        const lost = before.replicas.some(id => !after.replicas.includes(id))
        assert.equal(after.leaderEpoch, before.leaderEpoch + Number(after.leader !== before.leader || lost))
        if (after.leader !== noLeader) assert.ok(live.includes(after.leader))
        const wasEligible = before.isr.concat(before.elr, isr).includes(after.leader)
        if (after.leader !== noLeader && !wasEligible) assert.equal(after.leaderRecoveryState, 'recovering')
        if (after.elr.length > 0) assert.ok(elrEnabled && after.isr.length < rules.minInSyncReplicas)
        // Nothing more to do until something happens; but an ISR that may not be empty stays, and may hold who may lead.
        if (elrEnabled || isr.length > 0) assert.equal(changePartition(after, { election }, rules), null)
      },
    ),
    { numRuns: 2000 },
  )
})

function checkPartition({ leader, isr, elr, replicas, lastKnownElr }: PartitionImage): void {
  assert.ok(leader === noLeader || isr.includes(leader))
  assert.ok(isr.length > 0 || leader === noLeader)
  assert.ok([...isr, ...elr].every(id => replicas.includes(id)))
  assert.equal(new Set([...isr, ...elr]).size, isr.length + elr.length)
  if (leader !== noLeader) assert.deepEqual(lastKnownElr.length, 0)
}
