import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BrokerConfig } from '../config/broker-config.ts'
import { decideAlterPartition } from './alter-partition.ts'
import type { ClusterChange, PartitionState } from './cluster-change.ts'
import { type ClusterImage, isActive, noLeader, type PartitionImage } from './cluster-image.ts'
import { decideElectLeaders } from './elect-leaders.ts'
import { canHandOver, decideFailover, decideOfflineReplica, decideUncleanShutdown, hasSuccessor } from './failover.ts'
import { decideAlterPartitionReassignments } from './partition-reassignments.ts'
import { decidePreferredLeaders } from './preferred-leaders.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'

const config = new BrokerConfig()
const elr: ClusterChange = { kind: 'feature', name: 'eligible.leader.replicas.version', value: { level: 1 } }

/** A topic `t` of partitions on these replicas, all in sync. */
function topicOn(...replicas: readonly (readonly number[])[]): ClusterChange {
  const partitions = replicas.map(ids => ({ replicas: ids, leader: ids[0] ?? noLeader, isr: ids }))
  return { kind: 'topic', name: 't', value: { topicId: 'T', partitions } }
}

function setTopic(value: Readonly<Record<string, string>>): ClusterChange {
  return { kind: 'config', resource: { type: 'topic', name: 't' }, value }
}

function partitionOf(image: ClusterImage): PartitionImage {
  return image.topics.get('t')?.partitions[0] ?? assert.fail()
}

function shown(image: ClusterImage): string[] {
  const partitions = image.topics.get('t')?.partitions ?? []
  return partitions.map(({ leader, isr, elr }) => `${leader} of ${isr}${elr.length > 0 ? `, eligible ${elr}` : ''}`)
}

test('others lead what a broker led that is gone or fenced, and it is in sync with nothing', () => {
  const image = clusterOf([{ id: 2 }, { id: 3, fenced: true }], [topicOn([1, 2, 3], [2, 3, 1], [3, 1], [2])])
  const changes = decideFailover(image, { config })
  assert.deepEqual(shown(withChanges(image, changes)), ['2 of 2', '2 of 2', '-1 of 3,1', '2 of 2'])
  assert.equal(changes.length, 3)
})

test('with eligible leader replicas an empty ISR remembers who had everything', () => {
  const image = clusterOf([{ id: 9 }], [elr, topicOn([1, 2])])
  const after = withChanges(image, decideFailover(image, { config }))
  assert.deepEqual(shown(after), ['-1 of , eligible 1,2'])
  const back = withChanges(after, [{ kind: 'broker', brokerId: 2, value: { rack: null, endpoints: [] } }])
  assert.deepEqual(shown(withChanges(back, decideFailover(back, { config }))), ['2 of 2'])
})

test('where it is allowed anybody who lives leads rather than nobody', () => {
  const state: PartitionState = { leader: 1, leaderEpoch: 0, partitionEpoch: 1, replicas: [1, 2], isr: [1] }
  const alone: ClusterChange = { kind: 'partition', topicId: 'T', index: 0, value: state }
  const image = clusterOf([{ id: 2 }], [topicOn([1, 2]), alone])
  assert.deepEqual(shown(withChanges(image, decideFailover(image, { config }))), ['-1 of 1'])
  const unclean = withChanges(image, [setTopic({ 'unclean.leader.election.enable': 'true' })])
  assert.deepEqual(shown(withChanges(unclean, decideFailover(unclean, { config }))), ['2 of 2'])
})

test('a broker that wants to stop hands over what it can, and leads the rest until it is gone', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }], [topicOn([1, 2], [2, 1], [1, 9], [1])])
  const after = withChanges(image, decideFailover(image, { config, news: { leaving: 1 } }))
  assert.deepEqual(shown(after), ['2 of 2', '2 of 2', '1 of 1', '1 of 1'])
  assert.deepEqual(
    [image, after].map(each => canHandOver(each, { brokerId: 1, config })),
    [true, false],
  )
  const gone = withChanges(after, [{ kind: 'broker', brokerId: 1, value: null }])
  assert.deepEqual(shown(withChanges(gone, decideFailover(gone, { config }))), [
    '2 of 2',
    '2 of 2',
    '-1 of 1',
    '-1 of 1',
  ])
})

test('a replica whose disk fails is in sync no more, and leads no more where somebody else can', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }], [topicOn([1, 2], [2, 1], [1, 9], [2])])
  const after = [0, 1, 2, 3].reduce((now, index) => {
    const decide = (leaderEpoch: number) =>
      decideOfflineReplica(now, { brokerId: 1, replica: { topicId: 'T', index, leaderEpoch }, config })
    assert.deepEqual(decide(1), [], 'of another epoch')
    return withChanges(now, decide(0))
  }, image)
  assert.deepEqual(shown(after), ['2 of 2', '2 of 2', '1 of 1,9', '2 of 2'])
})

/** A topic `t` on 1, 2 and 3, with a minimum of two in sync, where 1 is alone in sync and leads. */
function aloneInSync(brokers: readonly number[], eligible: readonly number[]): ClusterImage {
  const rest = { leader: 1, leaderEpoch: 4, partitionEpoch: 9, replicas: [1, 2, 3], isr: [1] }
  const value: PartitionState = { ...rest, ...(eligible.length > 0 && { elr: eligible }) }
  const minimum = setTopic({ 'min.insync.replicas': '2' })
  const state: ClusterChange = { kind: 'partition', topicId: 'T', index: 0, value }
  return clusterOf(
    brokers.map(id => ({ id })),
    [elr, minimum, topicOn([1, 2, 3]), state],
  )
}

test('a leader whose disk fails makes way for an eligible replica that is there and has a disk, and stays eligible', () => {
  const given = (image: ClusterImage, successor?: number) => {
    const replica = { topicId: 'T', index: 0, leaderEpoch: 4, successor }
    return shown(withChanges(image, decideOfflineReplica(image, { brokerId: 1, replica, config })))
  }
  assert.deepEqual(given(aloneInSync([1, 2, 3], [2]), 2), ['2 of 2, eligible 1'])
  assert.deepEqual(given(aloneInSync([1, 2, 3], [2, 3]), 3), ['3 of 3, eligible 1,2'])
  const stays = ['1 of 1, eligible 2']
  assert.deepEqual(given(aloneInSync([1, 2, 3], [2])), stays, 'nobody has shown that it has a disk')
  assert.deepEqual(given(aloneInSync([1, 3], [2]), 2), stays, 'it is not there any more')
  assert.deepEqual(given(aloneInSync([1, 2, 3], [2]), 3), stays, 'it may lack what was committed')
  const unclean = withChanges(aloneInSync([1, 2, 3], [2]), [setTopic({ 'unclean.leader.election.enable': 'true' })])
  assert.deepEqual(given(unclean, 3), stays, 'what is on its disk is not lost')
})

test('only a replica that is in sync has a place to give up, and only where somebody else may have everything', () => {
  const has = (isr: number[], elr: number[], successor?: number) =>
    hasSuccessor({ ...partitionOf(aloneInSync([], [])), isr, elr }, { brokerId: 1, successor })
  assert.equal(has([1, 2], []), true)
  assert.equal(has([1], [2], 2), true)
  assert.equal(has([1], [2], 3), false)
  assert.equal(has([1], [2]), false)
  assert.equal(has([2, 3], []), false)
  assert.equal(has([2], [1], 1), false)
})

test('what a broker has after an unclean shutdown counts for nothing', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }], [elr, setTopic({ 'min.insync.replicas': '2' }), topicOn([1, 2], [1])])
  const after = withChanges(image, decideUncleanShutdown(image, { brokerId: 1, config }))
  assert.deepEqual(shown(after), ['2 of 2', '-1 of '])
  assert.deepEqual(after.topics.get('t')?.partitions[1]?.lastKnownElr, [1])
})

// A cluster of five brokers lives: they go, come and crash, leaders shrink and grow ISRs, people move partitions and elect.
// The checks are on what the partition says and on what the brokers would have: `has` is who holds all that was committed.

type Step =
  | { readonly do: 'gone' | 'come' | 'leave' | 'unclean' | 'disk'; readonly broker: number }
  | { readonly do: 'isr'; readonly picks: readonly boolean[] }
  | { readonly do: 'move'; readonly replicas: readonly number[] | null }
  | { readonly do: 'elect' | 'balance' }

const brokerId = fc.integer({ min: 1, max: 5 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('gone', 'come', 'come', 'leave', 'unclean', 'disk'), broker: brokerId }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('isr'), picks: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('move'),
      replicas: fc.option(fc.uniqueArray(brokerId, { minLength: 1, maxLength: 4 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('elect', 'balance') }) },
)

test('through any life of a cluster a partition has one leader an epoch, who is in sync and lacks nothing that was committed', () => {
  fc.assert(
    fc.property(
      fc.array(steps, { maxLength: 60 }),
      fc.record({ elrEnabled: fc.boolean(), minInSync: fc.integer({ min: 1, max: 3 }) }),
      (life, { elrEnabled, minInSync }) => {
        const settings = setTopic({ 'min.insync.replicas': String(minInSync) })
        const brokers = [1, 2, 3, 4, 5].map(id => ({ id }))
        const cluster = new Life(
          clusterOf(brokers, [...(elrEnabled ? [elr] : []), settings, topicOn([1, 2, 3])]),
          minInSync,
        )
        for (const step of life) cluster.take(step)
      },
    ),
    { numRuns: 300 },
  )
})

class Life {
  #image: ClusterImage
  readonly #minInSync: number
  readonly #leaders = new Map<number, number>()
  /** Who holds all that was ever acknowledged. */
  #has = new Set([1, 2, 3])

  constructor(image: ClusterImage, minInSync: number) {
    this.#image = image
    this.#minInSync = minInSync
  }

  take(step: Step): void {
    if ('broker' in step) this.#news(step.do, step.broker)
    else if (step.do === 'isr') this.#alterIsr(step.picks)
    else if (step.do === 'move') {
      const partitions = [{ topic: 't', partitionIndex: 0, replicas: step.replicas }]
      const input = { partitions, allowReplicationFactorChange: true, config }
      this.#commit(decideAlterPartitionReassignments(this.#image, input).changes)
    } else if (step.do === 'elect') {
      const partitions = [{ topic: 't', partitionId: 0 }]
      this.#commit(decideElectLeaders(this.#image, { election: 'preferred', partitions, config }).changes)
    } else this.#commit(decidePreferredLeaders(this.#image, { config }).changes)
    this.#commit(decideFailover(this.#image, { config }))
    assert.deepEqual(
      decideFailover(this.#image, { config }),
      [],
      'the brokers are as they were, and there is more to do',
    )
    this.#write()
  }

  #news(what: 'gone' | 'come' | 'leave' | 'unclean' | 'disk', broker: number): void {
    const registered = this.#image.brokers.get(broker)
    if (what === 'unclean') {
      // It crashes, loses the end of its logs, takes itself out of the ISRs and comes back.
      this.#register(broker, null)
      // Without eligible replicas it would be trusted as the last one in sync, as in Kafka: then nothing may be lost.
      if (this.#image.features.size > 0) this.#has.delete(broker)
      this.#commit(decideFailover(this.#image, { config }))
      this.#commit(decideUncleanShutdown(this.#image, { brokerId: broker, config }))
      this.#register(broker, {})
    } else if (what === 'disk') {
      const { leaderEpoch } = this.#partition
      const replica = { topicId: 'T', index: 0, leaderEpoch, successor: 1 + (broker % 5) }
      this.#commit(decideOfflineReplica(this.#image, { brokerId: broker, replica, config }))
    } else if (what === 'gone') this.#register(broker, null)
    else if (what === 'come' && registered === undefined) this.#register(broker, {})
    else if (what === 'leave' && registered !== undefined) this.#register(broker, { inControlledShutdown: true })
  }

  #register(brokerId: number, value: { inControlledShutdown?: true } | null): void {
    const registration = value && { rack: null, endpoints: [], ...value }
    this.#commit([{ kind: 'broker', brokerId, value: registration }])
  }

  #alterIsr(picks: readonly boolean[]): void {
    const { leader, leaderEpoch, partitionEpoch, replicas } = this.#partition
    const brokerEpoch = this.#image.brokers.get(leader)?.epoch
    if (brokerEpoch === undefined) return
    const isr = replicas.filter((id, at) => id === leader || (picks[at] && isActive(this.#image, id)))
    const newIsr = isr.map(id => ({ brokerId: id, brokerEpoch: this.#image.brokers.get(id)?.epoch ?? -1 }))
    const at = { brokerId: leader, brokerEpoch, topicId: 'T', partitionIndex: 0, leaderEpoch, partitionEpoch }
    const proposal = { ...at, newIsr, leaderRecoveryState: 'recovered' as const }
    const { changes } = decideAlterPartition(this.#image, { proposal, config })
    // Whoever is brought in has caught up with its leader.
    if (changes.length > 0 && this.#has.has(leader)) for (const id of isr) this.#has.add(id)
    this.#commit(changes)
  }

  /** The leader acknowledges something: only who is in sync has it then. */
  #write(): void {
    const { leader, isr } = this.#partition
    if (leader !== noLeader && isr.length >= this.#minInSync && this.#has.has(leader)) {
      this.#has = new Set(isr.filter(id => this.#has.has(id)))
    }
  }

  get #partition(): PartitionImage {
    return partitionOf(this.#image)
  }

  #commit(changes: readonly ClusterChange[]): void {
    if (changes.length === 0) return
    const before = this.#partition
    this.#image = withChanges(this.#image, changes)
    const after = this.#partition
    this.#check(before, after)
  }

  #check(before: PartitionImage, after: PartitionImage): void {
    const { leader, leaderEpoch, isr, elr, replicas } = after
    assert.ok(leader === noLeader ? true : isr.includes(leader), 'the leader is not in sync')
    assert.ok(isr.length > 0 || leader === noLeader)
    assert.ok([...isr, ...elr].every(id => replicas.includes(id)))
    const isElsewhere = leader !== before.leader
    const isShorter = before.replicas.some(id => !replicas.includes(id))
    assert.equal(leaderEpoch, before.leaderEpoch + Number(isElsewhere || isShorter))
    const known = this.#leaders.get(leaderEpoch)
    assert.ok(known === undefined || known === leader, `two leaders in epoch ${leaderEpoch}`)
    this.#leaders.set(leaderEpoch, leader)
    const isNew = leader !== noLeader && isElsewhere
    if (isNew && after.leaderRecoveryState === 'recovered') {
      assert.ok(this.#has.has(leader), `${leader} leads and lacks what was committed`)
    }
    // An unclean leader decides what there is from now on.
    if (isNew && after.leaderRecoveryState === 'recovering') this.#has = new Set([leader])
  }
}
