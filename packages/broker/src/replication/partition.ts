import type { Clock } from '@odradek/platform'
import { batchBaseSequence, batchProducerId, errorCodes } from '@odradek/protocol'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import { hasSuccessor, type OfflineReplica } from '../core/cluster/failover.ts'
import { nearReplica } from '../core/partition/near-replica.ts'
import type { FollowerFetch } from '../core/partition/replica-progress.ts'
import { notLeaderResult } from '../log/log-answers.ts'
import type { AppendOptions, AppendResult, PartitionLog, PartitionLogListener } from '../log/partition-log.ts'
import type { DeletionPurgatory } from './deletion-purgatory.ts'
import type { FetchPurgatory, WaitingFetch } from './fetch-purgatory.ts'
import { type LeaderOptions, PartitionLeader } from './partition-leader.ts'

/** What a partition needs of the broker that it lives on. */
export interface PartitionHost extends Pick<LeaderOptions, 'alterIsr' | 'isLive' | 'lagMsMax' | 'upheldMs'> {
  readonly brokerId: number
  readonly clock: Clock
  readonly purgatory: FetchPurgatory
  readonly deletions: DeletionPurgatory
  /** False from the moment on when others may take this broker for dead: it then leads only what nobody else can lead. */
  readonly mayLead: () => boolean
  /** replica.selector.class is the rack-aware one. */
  readonly sendsToNearReplicas: () => boolean
  readonly rackOf: (brokerId: number) => string | null
  /** Takes this broker out of the ISR, and lets somebody else lead who has all, if there is anybody. */
  readonly giveUpReplica: (replica: OfflineReplica) => void
}

/** What a producer waits for an answer (request.timeout.ms of Kafka's clients): then it sends the batch again, here. */
const unansweredMs = 30_000

/** What this broker has done for DeleteRecords. */
export interface StartedDeletion {
  readonly errorCode: number
  readonly requiredOffset: number
  /** -1 with an error, and where a follower has not fetched yet. */
  readonly lowWatermark: number
}

/** Who appends, and when it is told that it is done. */
export type AppendedBy = 'client, acks=1' | 'client, acks=all' | 'coordinator'

/** A partition that this broker has a log of, as its leader or as a follower. */
export class Partition implements PartitionLogListener {
  readonly topic: string
  readonly index: number
  readonly topicId: string
  readonly log: PartitionLog
  /** Fetches to be looked at when there are records that consumers may see; the purgatory's. */
  readonly waiting = new Set<WaitingFetch>()
  /** Those of followers, who get records as soon as they are written here. */
  readonly waitingFollowers = new Set<WaitingFetch>()
  readonly #host: PartitionHost
  #state: PartitionImage
  #leader: PartitionLeader | null = null
  /** Written, and not yet announced to consumers. */
  #unseenBytes = 0
  #appendOptions: Readonly<Record<AppendedBy, AppendOptions>>
  /** The last time when a producer's first batch may have been kept from this log. */
  #unsureSinceMs = Number.NEGATIVE_INFINITY

  constructor(options: {
    topic: string
    index: number
    topicId: string
    log: PartitionLog
    state: PartitionImage
    host: PartitionHost
  }) {
    this.topic = options.topic
    this.index = options.index
    this.topicId = options.topicId
    this.log = options.log
    this.#state = options.state
    this.#host = options.host
    this.#appendOptions = appendOptions(options.state.leaderEpoch)
    this.log.listen(this)
    this.#takeRole()
  }

  get state(): PartitionImage {
    return this.#state
  }

  get leaderId(): number {
    return this.#state.leader
  }

  get leaderEpoch(): number {
    return this.#state.leaderEpoch
  }

  /** Whether it may take appends and answer readers now. */
  get isLeader(): boolean {
    return this.#leader !== null && (this.#host.mayLead() || this.#leader.isUpheld)
  }

  get isr(): readonly number[] {
    return this.#state.isr
  }

  get replicas(): readonly number[] {
    return this.#state.replicas
  }

  /** Follows the cluster image. In a new epoch those who wait look again: the one that they know is over. */
  update(state: PartitionImage): void {
    if (state === this.#state) return
    const isNewEpoch = state.leaderEpoch !== this.#state.leaderEpoch
    this.#state = state
    // Others have been let in that can serve.
    if (this.log.offlineReason !== null) this.#giveUp()
    if (isNewEpoch) {
      this.#appendOptions = appendOptions(state.leaderEpoch)
      this.#takeRole()
      this.#host.purgatory.wakeAll(this)
    } else this.#leader?.update(state)
    this.#host.deletions.check(this)
  }

  #takeRole(): void {
    const { log, topicId, index } = this
    const { brokerId, clock, alterIsr, isLive, lagMsMax, upheldMs, mayLead } = this.#host
    this.#leader?.end()
    this.#leader = null
    if (this.#state.leader === brokerId) {
      const state = this.#state
      const ports = { clock, alterIsr, isLive, lagMsMax, upheldMs }
      this.#leader = new PartitionLeader({ brokerId, topicId, index, log, state, ...ports })
      if (mayLead()) this.noteLeaderEpoch()
      // The first epoch is that of a topic without records: there is nothing to know of earlier producers.
      if (state.leaderEpoch > 0) this.#unsureSinceMs = clock.monotonic()
    } else {
      // What is behind it, another leader decides.
      log.highWatermarkLimit = log.highWatermark
      this.resign()
    }
  }

  /**
   * Where the epoch begins in which it leads, if it does. Not before this broker is registered: one that has just started may have
   * led in an earlier life, and have lost since what that epoch began behind.
   */
  noteLeaderEpoch(): void {
    if (this.#leader !== null) this.log.assignLeaderEpoch(this.#state.leaderEpoch)
  }

  /** This broker may be taken for dead: where others may lead, those that wait for other replicas are told to look for them. */
  resign(): void {
    if (this.isLeader) return
    this.log.failCommits(notLeaderResult)
    this.#host.deletions.check(this)
  }

  /** By a timer. */
  dropLaggards(): void {
    if (this.log.offlineReason !== null) this.#giveUp()
    else if (this.isLeader) this.#leader?.dropLaggards()
  }

  /** Without a disk it answers nobody, and follows nobody. `successor`: an eligible replica that has one. */
  #giveUp(successor?: number): void {
    const { topicId, index, leaderEpoch } = this
    const { brokerId, giveUpReplica } = this.#host
    if (hasSuccessor(this.#state, { brokerId, successor })) giveUpReplica({ topicId, index, leaderEpoch, successor })
  }

  /**
   * Whether a client that believes in `leaderEpoch` (-1: in none) may be answered here: NONE, FENCED_LEADER_EPOCH,
   * UNKNOWN_LEADER_EPOCH or NOT_LEADER_OR_FOLLOWER. The epoch comes first, as in Kafka.
   */
  checkLeaderEpoch(leaderEpoch: number): number {
    if (leaderEpoch >= 0 && leaderEpoch !== this.#state.leaderEpoch) {
      return leaderEpoch < this.#state.leaderEpoch ? errorCodes.FENCED_LEADER_EPOCH : errorCodes.UNKNOWN_LEADER_EPOCH
    }
    return this.isLeader ? errorCodes.NONE : errorCodes.NOT_LEADER_OR_FOLLOWER
  }

  /**
   * As `checkLeaderEpoch`, for a consumer that may read from followers, too (KIP-392): as far as they have got. A consumer that has
   * got further may not know yet that this broker no longer leads. Kafka calls its offset out of range, upon which it begins
   * somewhere else, or gives up.
   */
  checkReadable(leaderEpoch: number, fetchOffset: number): number {
    const errorCode = this.checkLeaderEpoch(leaderEpoch)
    const follows = errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER && this.#leader === null && this.leaderId >= 0
    return follows && fetchOffset <= this.log.logEndOffset ? errorCodes.NONE : errorCode
  }

  /** KIP-392: another replica that a consumer in that rack had better read from at that offset; null for none. */
  nearReplica(rack: string, fetchOffset: number): number | null {
    if (rack === '' || this.#leader === null || !this.#host.sendsToNearReplicas()) return null
    // What is deleted here is gone also where it is not deleted yet: the consumer is to be told so.
    if (fetchOffset < this.log.logStartOffset) return null
    const { brokerId, rackOf } = this.#host
    const leader = { brokerId, rack: rackOf(brokerId), logEndOffset: this.log.logEndOffset }
    const followers = this.#leader.followersWith(fetchOffset)
    const replicas = followers.map(follower => ({ ...follower, rack: rackOf(follower.brokerId) }))
    return nearReplica([leader, ...replicas], { leaderId: brokerId, rack })
  }

  /**
   * As `checkLeaderEpoch`, for a follower: one that fetches in this very epoch follows no other leader, so it is answered also
   * where this broker may be taken for dead. Its fetch is what upholds the leader then.
   */
  checkFollower(leaderEpoch: number): number {
    const errorCode = this.checkLeaderEpoch(leaderEpoch)
    const isUnsure = errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER && this.#leader !== null
    return isUnsure && leaderEpoch === this.#state.leaderEpoch ? errorCodes.NONE : errorCode
  }

  /** KIP-207: a new leader may not know yet how much is committed of what it has from earlier ones. */
  get knowsHighWatermark(): boolean {
    if (this.#leader === null) return true
    return this.log.highWatermark >= Math.min(this.#leader.epochStartOffset, this.log.logEndOffset)
  }

  configChanged(): void {
    this.#leader?.configChanged()
  }

  /** It is not served here any more. */
  close(): void {
    this.#leader?.end()
    this.#leader = null
    this.log.failCommits(notLeaderResult)
    this.#host.deletions.check(this)
  }

  /** A replica's fetch, which has been found to be in order, says what the replica has. */
  fetchedBy(fetch: FollowerFetch): void {
    this.#leader?.fetched(fetch)
    this.#host.deletions.check(this)
    // This broker was elected, with what lies on its disk, while nobody else was there. A follower without a disk does not fetch.
    if (this.log.offlineReason !== null) this.#giveUp(fetch.replicaId)
  }

  /**
   * Moves the log start up to `beforeOffset`, or with -1 as far as the log is committed. Once `lowWatermark` is at `requiredOffset`,
   * none of those who may lead next would bring back what is deleted.
   */
  deleteRecords(beforeOffset: number): StartedDeletion {
    const { log } = this
    const requiredOffset = beforeOffset === -1 ? log.highWatermark : beforeOffset
    const { logStartOffset } = log
    const errorCode = this.isLeader ? log.deleteRecords(requiredOffset) : errorCodes.NOT_LEADER_OR_FOLLOWER
    // Followers that wait for records are told now: they move theirs when they hear of it.
    if (log.logStartOffset > logStartOffset) this.#host.purgatory.wakeFollowers(this)
    return { errorCode, requiredOffset, lowWatermark: errorCode === errorCodes.NONE ? this.lowWatermark : -1 }
  }

  /** See `PartitionLeader.lowWatermark`; -1 where it does not lead. */
  get lowWatermark(): number {
    return this.#leader?.lowWatermark ?? -1
  }

  /**
   * Whether a client's batch may be appended now. A client sends to a new leader while batches of the same producer are unanswered
   * by the old one, and it sends on while a batch is being refused. Where the first of them did not get here, those behind it
   * must not come before it: the log, which does not know the producer, would take them, and refuse the first one for ever.
   */
  takesAppends(records: Buffer): boolean {
    const { clock } = this.#host
    if (!this.isLeader) {
      this.#unsureSinceMs = clock.monotonic()
      return false
    }
    if (!this.#mayMissBatches) return true
    const producerId = batchProducerId(records, 0)
    return producerId < 0 || batchBaseSequence(records, 0) === 0 || this.log.knowsProducer(producerId)
  }

  /** The buffer is the log's from now on. */
  append(records: Buffer, by: AppendedBy): AppendResult | Promise<AppendResult> {
    if (this.#leader === null || !this.isLeader) return notLeaderResult
    if (by !== 'client, acks=1' && this.#leader.isUnderMinIsr) {
      this.#unsureSinceMs = this.#host.clock.monotonic()
      return notEnoughReplicas
    }
    const appended = this.log.append(records, this.#appendOptions[by])
    if (!this.#mayMissBatches) return appended
    return appended instanceof Promise ? appended.then(tryAgainInOrder) : tryAgainInOrder(appended)
  }

  /** A producer's batch that was to come first may still be on its way, from another leader or after a refusal. */
  get #mayMissBatches(): boolean {
    return this.replicas.length > 1 && this.#host.clock.monotonic() - this.#unsureSinceMs <= unansweredMs
  }

  logEndAdvanced(_log: PartitionLog, bytes: number): void {
    this.#unseenBytes += bytes
    if (this.waitingFollowers.size > 0) this.#host.purgatory.advanced(this, this.waitingFollowers, bytes)
  }

  highWatermarkAdvanced({ highWatermark, logEndOffset }: PartitionLog): void {
    // Up to the end it is known how much that is; else those who wait look for themselves.
    const isExact = highWatermark === logEndOffset
    const bytes = isExact ? this.#unseenBytes : Number.POSITIVE_INFINITY
    if (isExact) this.#unseenBytes = 0
    if (this.waiting.size > 0) this.#host.purgatory.advanced(this, this.waiting, bytes)
  }

  offline(): void {
    this.#host.purgatory.wakeAll(this)
    this.#host.deletions.check(this)
    this.#giveUp()
  }
}

function appendOptions(leaderEpoch: number): Readonly<Record<AppendedBy, AppendOptions>> {
  return {
    'client, acks=1': { leaderEpoch, origin: 'client', acks: 'leader' },
    'client, acks=all': { leaderEpoch, origin: 'client', acks: 'all' },
    coordinator: { leaderEpoch, origin: 'coordinator', acks: 'all' },
  }
}

const notEnoughReplicas: AppendResult = { ...notLeaderResult, errorCode: errorCodes.NOT_ENOUGH_REPLICAS }

/**
 * A batch behind one that did not get here is out of order, and will be in order when all are sent again. Kafka answers
 * OUT_OF_ORDER_SEQUENCE_NUMBER, upon which librdkafka begins a new producer epoch, and writes what other partitions had taken in the
 * old one a second time.
 */
function tryAgainInOrder(result: AppendResult): AppendResult {
  return result.errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER ? notLeaderResult : result
}
