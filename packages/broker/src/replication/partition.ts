import { errorCodes } from '@odradek/protocol'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import type { AppendOptions, AppendResult, PartitionLog, PartitionLogListener } from '../log/partition-log.ts'
import type { FetchPurgatory, WaitingFetch } from './fetch-purgatory.ts'

/** A partition that this broker has a log of. */
export class Partition implements PartitionLogListener {
  readonly topic: string
  readonly index: number
  readonly topicId: string
  readonly log: PartitionLog
  /** Fetches to be looked at when there are records; the purgatory's. */
  readonly waiting = new Set<WaitingFetch>()
  readonly #purgatory: FetchPurgatory
  readonly #brokerId: number
  #state: PartitionImage
  /** Handed to the log and not yet announced to those who wait. */
  #unseenBytes = 0
  #clientAppend: AppendOptions = { leaderEpoch: 0, origin: 'client' }
  #coordinatorAppend: AppendOptions = { leaderEpoch: 0, origin: 'coordinator' }

  constructor(options: {
    topic: string
    index: number
    topicId: string
    log: PartitionLog
    state: PartitionImage
    brokerId: number
    purgatory: FetchPurgatory
  }) {
    this.topic = options.topic
    this.index = options.index
    this.topicId = options.topicId
    this.log = options.log
    this.#state = options.state
    this.#brokerId = options.brokerId
    this.#purgatory = options.purgatory
    this.log.listen(this)
    this.#lead()
  }

  get leaderId(): number {
    return this.#state.leader
  }

  get leaderEpoch(): number {
    return this.#state.leaderEpoch
  }

  get isLeader(): boolean {
    return this.#state.leader === this.#brokerId
  }

  get isr(): readonly number[] {
    return this.#state.isr
  }

  get replicas(): readonly number[] {
    return this.#state.replicas
  }

  /** Follows the cluster image. Those who wait look again: the epoch that they know may be over. */
  update(state: PartitionImage): void {
    if (state === this.#state) return
    const isNewEpoch = state.leaderEpoch !== this.#state.leaderEpoch
    this.#state = state
    if (isNewEpoch) {
      this.#lead()
      this.#purgatory.wakeAll(this)
    }
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

  /** The buffer is the log's from now on. */
  append(records: Buffer, origin: AppendOptions['origin']): AppendResult | Promise<AppendResult> {
    this.#unseenBytes += records.length
    return this.log.append(records, origin === 'client' ? this.#clientAppend : this.#coordinatorAppend)
  }

  highWatermarkAdvanced(): void {
    if (this.waiting.size > 0) this.#purgatory.advanced(this, this.#unseenBytes)
    this.#unseenBytes = 0
  }

  offline(): void {
    this.#purgatory.wakeAll(this)
  }

  #lead(): void {
    const { leaderEpoch } = this.#state
    this.#clientAppend = { leaderEpoch, origin: 'client' }
    this.#coordinatorAppend = { leaderEpoch, origin: 'coordinator' }
    if (this.isLeader) this.log.assignLeaderEpoch(leaderEpoch)
  }
}
