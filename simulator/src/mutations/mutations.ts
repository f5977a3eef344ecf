import type { Replay } from '../replay.ts'

/**
 * Deliberate faults of the code, each of them one that somebody could make. They are what the simulator is measured by: it must find
 * every one of them. `find` stands exactly once in its file.
 */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** What it breaks. */
  readonly why: string
  /** A history that is known to show it, where it takes more luck than usual; else seeds are tried from 1 on. */
  readonly shownBy?: Omit<Replay, 'mutation'>
}

const broker = 'packages/broker/src'

export const mutations: readonly Mutation[] = [
  {
    name: 'acknowledged-without-followers',
    file: `${broker}/replication/partition-leader.ts`,
    find: 'log.highWatermarkLimit = this.#progress.commonEndOffset(this.#inSyncPerhaps, this.#options.brokerId)',
    replace: 'log.highWatermarkLimit = Number.MAX_SAFE_INTEGER',
    why: "the high watermark is the end of the leader's own log: an ISR that acknowledges too early",
  },
  {
    name: 'one-follower-is-enough',
    file: `${broker}/core/partition/replica-progress.ts`,
    find: 'if (end < common) common = end',
    replace: 'if (common === Number.MAX_SAFE_INTEGER || end > common) common = end',
    why: 'committed is what the quickest follower has, not the slowest',
  },
  {
    name: 'high-watermark-below-min-isr',
    file: `${broker}/replication/partition-leader.ts`,
    find: 'if (this.isUnderMinIsr) {\n      log.highWatermarkLimit = log.highWatermark\n      return\n    }',
    replace: '',
    why: 'the high watermark moves on with fewer in sync than min.insync.replicas',
  },
  {
    name: 'follower-let-in-too-early',
    file: `${broker}/replication/partition-leader.ts`,
    find: 'if (end < this.#options.log.highWatermark || end < this.epochStartOffset) return',
    replace: 'if (end < 0) return',
    why: 'a follower is in sync before it has what is committed',
  },
  {
    name: 'proposed-isr-not-counted',
    file: `${broker}/replication/partition-leader.ts`,
    find: 'return this.#proposed === null ? isr : [...new Set([...isr, ...this.#proposed])]',
    replace: 'return this.#proposed ?? isr',
    why: 'the leader counts on its proposal before it is in force',
  },
  {
    name: 'unanswered-proposal-forgotten',
    file: `${broker}/replication/partition-leader.ts`,
    find: "if (outcome === 'committed' || (outcome === 'refused' && !isInDoubt)) break",
    replace: "if (outcome !== 'unknown') break",
    why: 'a proposal that went unanswered counts no longer when a later try of it is refused, though it is in force',
    shownBy: { seed: 77, intensity: 1 },
  },
  {
    name: 'divergence-not-told',
    file: `${broker}/replication/fetch-operation.ts`,
    find: 'if (wanted.lastFetchedEpoch >= 0) {',
    replace: 'if (wanted.lastFetchedEpoch >= 0 && !this.isFollower) {',
    why: 'a follower with another history is not told to cut it off',
  },
  {
    name: 'truncation-forgotten',
    file: `${broker}/replication/replica-fetcher.ts`,
    find: 'if (divergingEpoch.endOffset >= 0) return this.#truncate(followed, answer)',
    replace: '',
    why: 'a follower that is told to cut off its log does not',
  },
  {
    name: 'epoch-ends-at-the-log-end',
    file: `${broker}/core/partition/leader-epochs.ts`,
    find: 'return { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset }',
    replace: 'return { leaderEpoch: floor?.epoch ?? epoch, endOffset: logEndOffset }',
    why: 'a leader does not know where an earlier epoch ended, and lets pass what it never had',
  },
  {
    name: 'duplicate-accepted',
    file: `${broker}/log/leader-append.ts`,
    find: "if (decision.kind === 'duplicate') return decision",
    replace: '',
    why: "an idempotent producer's batch that is sent again stands twice",
  },
  {
    name: 'producers-forgotten-by-followers',
    file: `${broker}/log/open-log.ts`,
    find: 'const place = this.place({ lastOffset, maxTimestamp, bytes }, producerBatchOf(records, at), epoch)',
    replace: 'const place = this.place({ lastOffset, maxTimestamp, bytes }, null, epoch)',
    why: 'a new leader does not know what producers have sent to the one before',
  },
  {
    name: 'unclean-shutdown-not-noticed',
    file: `${broker}/broker.ts`,
    find: 'wasCleanShutdown: logs.wasCleanShutdown,',
    replace: 'wasCleanShutdown: true,',
    why: 'who has lost power stays in sync with what it has lost',
  },
  {
    name: 'unclean-shutdown-stays-eligible',
    file: `${broker}/core/cluster/partition-change.ts`,
    find: '!next.isr.includes(id) && !uncleanShutdowns.includes(id))',
    replace: '!next.isr.includes(id))',
    why: 'who has lost power may be elected from the eligible replicas',
    shownBy: { seed: 118, intensity: 2, durationMs: 20_000 },
  },
  {
    name: 'election-from-outside-the-isr',
    file: `${broker}/core/cluster/partition-change.ts`,
    find: 'const isValid = (id: number) => hasAll(id) && isAcceptableLeader(id)',
    replace: 'const isValid = (id: number) => isAcceptableLeader(id)',
    why: 'anybody who lives may be elected',
  },
  {
    name: 'coordinator-loads-what-is-committed-so-far',
    file: `${broker}/coordinator/partition-coordinator-log.ts`,
    find: 'const endOffset = this.#partition.log.logEndOffset\n    const committed = this.#partition.log.whenCommitted(endOffset)',
    replace:
      'const endOffset = this.#partition.log.highWatermark\n    const committed = this.#partition.log.whenCommitted(endOffset)',
    why: 'a new coordinator does not wait until it knows what the one before had committed',
  },
  {
    name: 'follower-high-watermark-is-its-end',
    file: `${broker}/replication/replica-fetcher.ts`,
    find: 'log.highWatermarkLimit = highWatermark',
    replace: 'log.highWatermarkLimit = Number.MAX_SAFE_INTEGER',
    why: 'a follower takes for committed whatever it has',
  },
  {
    name: 'flush-not-awaited',
    file: `${broker}/log/partition-log.ts`,
    find: 'if (endOffset - this.syncedOffset >= this.#config.flushMessages) void this.#syncForAcks()\n    else this',
    replace: 'this',
    why: 'flush.messages=1 acknowledges what is not on the disk',
  },
  {
    name: 'topic-id-not-checked',
    file: `${broker}/log/log-manager.ts`,
    find: 'if (existing.topicId === topicId) {',
    replace: 'if (existing.topicId !== zeroTopicId) {',
    why: 'a topic that was deleted while a broker was down comes back in its successor',
  },
  {
    name: 'topic-id-not-synced',
    file: `${broker}/log/log-flush.ts`,
    find: 'await this.#syncId()',
    replace: '',
    why: 'after a power loss nobody knows whose records these are',
    shownBy: { seed: 1, intensity: 1, durationMs: 14_000 },
  },
  {
    name: 'emptied-log-begins-within-a-batch',
    file: `${broker}/replication/replica-fetcher.ts`,
    find: 'appended.errorCode === errorCodes.OFFSET_OUT_OF_RANGE && log',
    replace: 'appended.errorCode === -2 && log',
    why: "a follower refuses for ever the batch in which its leader's log begins",
    shownBy: { seed: 10, intensity: 1 },
  },
  {
    name: 'lease-believed-too-long',
    file: `${broker}/metadata/broker-session.ts`,
    find: 'hold.surelyUntilMs = sentAtMs + ttlMs',
    replace: 'hold.surelyUntilMs = sentAtMs + 2 * ttlMs',
    why: 'a broker takes its lease for twice as long as it is, and leads on when it has ended',
  },
  {
    name: 'last-leader-forgotten',
    file: `${broker}/core/cluster/partition-change.ts`,
    find: 'return elrEnabled && before.leader !== noLeader ? [before.leader] : before.lastKnownElr',
    replace: 'return before.lastKnownElr',
    why: 'a partition whose replicas all ended badly never has a leader again',
    shownBy: { seed: 5049, intensity: 2, durationMs: 20_000 },
  },
]

/** @throws Error where there is none, with the names of those that there are */
export function mutationNamed(name: string): Mutation {
  const found = mutations.find(one => one.name === name)
  if (found !== undefined) return found
  throw new Error(`there is no mutation '${name}'; there are ${mutations.map(one => one.name).join(', ')}`)
}
