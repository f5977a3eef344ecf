import type { Clock, Timer } from '@odradek/platform'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import { type FollowerFetch, ReplicaProgress } from '../core/partition/replica-progress.ts'
import type { PartitionLog } from '../log/partition-log.ts'

/** Another set of in-sync replicas, as the leader of `leaderEpoch` wants it. */
export interface IsrProposal {
  readonly topicId: string
  readonly index: number
  readonly leaderEpoch: number
  /** Of the state that it stands on. */
  readonly partitionEpoch: number
  /** The epoch of a broker's registration as its fetches said it; -1 where that is not known (KIP-903). */
  readonly isr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
  /** It was made before, and that went unanswered. */
  readonly isInDoubt: boolean
}

/**
 * 'committed': it is in the cluster image. 'refused': this try has changed nothing, and will not. 'unknown': the metadata store did
 * not answer; it may be either, which only the image will tell.
 */
export type IsrOutcome = 'committed' | 'refused' | 'unknown'

export interface LeaderOptions {
  readonly brokerId: number
  readonly topicId: string
  readonly index: number
  readonly log: PartitionLog
  readonly state: PartitionImage
  readonly clock: Clock
  readonly alterIsr: (proposal: IsrProposal) => Promise<IsrOutcome>
  /** Registered, and not fenced. */
  readonly isLive: (brokerId: number) => boolean
  /** replica.lag.time.max.ms. */
  readonly lagMsMax: () => number
  /** After this time without a fetch a follower may have another leader. */
  readonly upheldMs: () => number
}

/** How long a proposal of which nothing is known waits before it is made again. */
const retryMs = 500

/**
 * A partition as its leader sees it, for one leader epoch: how far the followers are, how far the log is committed, and who
 * is in sync.
 *
 * Invariant: the high watermark never passes what a member of the in-sync set lacks, be it the set of the image or the one
 * that has been proposed and may be in force already.
 */
export class PartitionLeader {
  readonly #options: LeaderOptions
  readonly #progress: ReplicaProgress
  /** Who is in sync must have all that earlier leaders committed. */
  readonly epochStartOffset: number
  #state: PartitionImage
  #proposed: readonly number[] | null = null
  #isOver = false
  #retry: { readonly timer: Timer; readonly resolve: () => void } | null = null

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#state = options.state
    this.epochStartOffset = options.log.logEndOffset
    this.#progress = new ReplicaProgress(this.#followerIds, options.clock.monotonic())
    this.#moveLimit()
  }

  get #followerIds(): number[] {
    return this.#state.replicas.filter(id => id !== this.#options.brokerId)
  }

  /** Of the same leader epoch. */
  update(state: PartitionImage): void {
    // A topic that grows comes with states that are the same: what is proposed on this one may still be committed.
    if (state.partitionEpoch !== this.#state.partitionEpoch) this.#proposed = null
    this.#state = state
    this.#progress.setFollowers(this.#followerIds, this.#options.clock.monotonic())
    this.#moveLimit()
  }

  /** Another epoch has begun. */
  end(): void {
    this.#isOver = true
    this.#retry?.timer.cancel()
    this.#retry?.resolve()
  }

  /** Too few are in sync for acks=all (min.insync.replicas, of at most as many as there are replicas). */
  get isUnderMinIsr(): boolean {
    const { isr, elr, replicas } = this.#state
    // While there are eligible leaders outside of the ISR, nothing may be committed that they lack, whatever the minimum is now.
    return elr.length > 0 || isr.length < Math.min(this.#options.log.config.minInSyncReplicas, replicas.length)
  }

  /** min.insync.replicas, perhaps. */
  configChanged(): void {
    this.#moveLimit()
  }

  /**
   * Whether nobody else can lead: there are no eligible leaders but the in-sync replicas, those among them that this leader has
   * proposed, and all of them have fetched from it lately. So a leader goes on while the metadata store is out of reach; what it
   * commits meanwhile is safe in any case, since it takes all of them to commit.
   */
  get isUpheld(): boolean {
    const { brokerId, clock, upheldMs } = this.#options
    const sinceMs = clock.monotonic() - upheldMs()
    if (this.#state.elr.length > 0) return false
    return this.#inSyncPerhaps.every(id => id === brokerId || this.#progress.lastFetchMsOf(id) >= sinceMs)
  }

  /** By the image, or by what has been proposed on it and may be in force already. */
  get #inSyncPerhaps(): readonly number[] {
    const { isr } = this.#state
    return this.#proposed === null ? isr : [...new Set([...isr, ...this.#proposed])]
  }

  /** A replica's fetch says what it has. */
  fetched(fetch: FollowerFetch): void {
    this.#progress.fetched(fetch, this.#options.log.logEndOffset)
    this.#moveLimit()
    this.#letIn(fetch.replicaId)
  }

  /** The followers that are in sync and had what is asked for when they fetched last. */
  followersWith(fetchOffset: number): { readonly brokerId: number; readonly logEndOffset: number }[] {
    const { brokerId: own } = this.#options
    return this.#state.isr.flatMap(brokerId => {
      if (brokerId === own || this.#progress.logStartOffsetOf(brokerId) > fetchOffset) return []
      const logEndOffset = this.#progress.logEndOffsetOf(brokerId)
      return logEndOffset >= fetchOffset ? [{ brokerId, logEndOffset }] : []
    })
  }

  /**
   * Below it neither this replica has anything nor any follower whose broker lives, in sync or not; -1 where one of them has not
   * fetched yet. Who is dead is not waited for, as in Kafka: it hears where the log begins when it follows again.
   */
  get lowWatermark(): number {
    const { log, isLive } = this.#options
    return Math.min(log.logStartOffset, this.#progress.commonStartOffset(isLive))
  }

  /** By a timer: those that have fallen behind leave the set. */
  dropLaggards(): void {
    if (this.#proposed !== null) return
    const { brokerId, log, clock, lagMsMax } = this.#options
    // Nobody can catch up with a log whose disk has failed: in sync would be this broker alone, which has the least of all.
    if (log.offlineReason !== null) return
    const { isr } = this.#state
    const gone = this.#progress.laggards(isr, {
      leaderId: brokerId,
      leaderEndOffset: log.logEndOffset,
      nowMs: clock.monotonic(),
      lagMsMax: lagMsMax(),
    })
    if (gone.length > 0) void this.#propose(isr.filter(id => !gone.includes(id)))
  }

  #letIn(replicaId: number): void {
    const { isr, replicas } = this.#state
    if (this.#proposed !== null || isr.includes(replicaId) || !replicas.includes(replicaId)) return
    const end = this.#progress.logEndOffsetOf(replicaId)
    if (end < this.#options.log.highWatermark || end < this.epochStartOffset) return
    if (this.#options.isLive(replicaId)) void this.#propose([...isr, replicaId])
  }

  async #propose(members: readonly number[]): Promise<void> {
    const { topicId, index, clock, alterIsr } = this.#options
    // The order has no meaning; it is the one that tools show on Kafka, whose leaders hold the members as a set of small numbers.
    const isr = members.toSorted((a, b) => a - b)
    this.#proposed = isr
    // It may be in force before its outcome is known here: from now on nothing is committed that a newcomer lacks.
    this.#moveLimit()
    const { leaderEpoch, partitionEpoch } = this.#state
    const proposal = isr.map(brokerId => ({ brokerId, brokerEpoch: this.#progress.brokerEpochOf(brokerId) }))
    for (let isInDoubt = false; ; isInDoubt = true) {
      const outcome = await alterIsr({ topicId, index, leaderEpoch, partitionEpoch, isr: proposal, isInDoubt })
      // The image has moved on, and settled it.
      if (this.#isOver || this.#proposed !== isr) return
      // That a later try is refused, by a broker that has lost its registration for instance, says nothing of an earlier one.
      if (outcome === 'committed' || (outcome === 'refused' && !isInDoubt)) break
      await new Promise<void>(resolve => {
        this.#retry = { timer: clock.after(retryMs, resolve), resolve }
      })
      this.#retry = null
      if (this.#isOver || this.#proposed !== isr) return
    }
    this.#proposed = null
    this.#moveLimit()
  }

  #moveLimit(): void {
    const { log } = this.#options
    // Not even as far as it was allowed to go before: as the only replica, for instance, which set no limit at all.
    if (this.isUnderMinIsr) {
      log.highWatermarkLimit = log.highWatermark
      return
    }
    log.highWatermarkLimit = this.#progress.commonEndOffset(this.#inSyncPerhaps, this.#options.brokerId)
  }
}
