import type { Clock } from '@odradek/platform'
import { errorCodes, zeroUuid } from '@odradek/protocol'
import type { LogRead, PartitionLog, ReadOptions } from '../log/partition-log.ts'
import type { FetchMemory } from './fetch-memory.ts'
import type { FetchPurgatory, WaitingFetch } from './fetch-purgatory.ts'
import type { FetchedPartition } from './fetch-session.ts'
import type { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'
import type { ReplicationThrottle } from './replication-throttle.ts'

/** What one partition has to say to a Fetch request. */
export interface PartitionFetch {
  readonly wanted: FetchedPartition
  /** Undefined only with an error. */
  readonly partition: Partition | undefined
  readonly errorCode: number
  /** The three offsets are -1 with an error. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Where the client's log and ours parted; then there are no records (KIP-595). */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | null
  /** Another replica that the consumer had better read from (KIP-392); then there are no records. -1: none. */
  readonly preferredReadReplica: number
  readonly chunks: readonly Buffer[]
  readonly byteLength: number
  /** Where it is there, it must be called once, when nobody looks at the chunks any more: their memory is used again. */
  readonly release: (() => void) | undefined
}

export interface FetchLimits {
  /** Zero or less: answer at once. */
  readonly maxWaitMs: number
  readonly minBytes: number
  /** Of all partitions together; the first batch of the first partition that has any comes even where it is larger. */
  readonly maxBytes: number
  readonly readCommitted: boolean
  /** The fetching replica's; negative for consumers. */
  readonly replicaId: number
  /** Of the replica's registration; -1 where it does not say. */
  readonly replicaEpoch: number
  /** A consumer's; null where it knows nothing of reading from followers. */
  readonly rack: string | null
}

const noChunks: readonly Buffer[] = []

/** One Fetch request at work: reads its partitions in order, waits for more where that is too little. */
export class FetchOperation implements WaitingFetch {
  readonly partitions: Partition[] = []
  missingBytes = 0
  readonly deadlineMs: number
  readonly isFollower: boolean
  readonly #wanted: readonly FetchedPartition[]
  readonly #limits: FetchLimits
  readonly #registry: PartitionRegistry
  readonly #purgatory: FetchPurgatory
  readonly #memory: FetchMemory
  readonly #throttle: ReplicationThrottle
  readonly #clock: Clock
  /** What this look at the partitions may still take of those that are throttled. */
  #throttledBytesLeft = 0
  /** Of this look, by the monotonic clock. */
  #nowMs = 0
  #resolve: (fetched: PartitionFetch[]) => void = () => {}
  #isAbandoned = false

  constructor(options: {
    wanted: readonly FetchedPartition[]
    limits: FetchLimits
    registry: PartitionRegistry
    purgatory: FetchPurgatory
    memory: FetchMemory
    /** Of what this broker sends as a leader. */
    throttle: ReplicationThrottle
    clock: Clock
  }) {
    this.#wanted = options.wanted
    this.#limits = options.limits
    this.isFollower = options.limits.replicaId >= 0
    this.#registry = options.registry
    this.#purgatory = options.purgatory
    this.#memory = options.memory
    this.#throttle = options.throttle
    this.#clock = options.clock
    this.deadlineMs = options.limits.maxWaitMs > 0 ? options.clock.monotonic() + options.limits.maxWaitMs : 0
  }

  run(): PartitionFetch[] | Promise<PartitionFetch[]> {
    const fetched = this.#readAll()
    if (fetched instanceof Promise) return fetched.then(late => this.#answerOrPark(late))
    return this.#answerOrPark(fetched)
  }

  wake(isLast: boolean): void {
    const fetched = this.#readAll()
    if (fetched instanceof Promise) void fetched.then(late => this.#resolveOrPark(late, isLast))
    else this.#resolveOrPark(fetched, isLast)
  }

  end(): void {
    const fetched = this.#readFrom([], 0, false)
    if (fetched instanceof Promise) void fetched.then(this.#resolve)
    else this.#resolve(fetched)
  }

  /** The client is gone: what waits for weeks would be kept for weeks. */
  abandon(): void {
    this.#isAbandoned = true
    if (this.#purgatory.remove(this)) this.#resolve([])
  }

  #answerOrPark(fetched: PartitionFetch[]): PartitionFetch[] | Promise<PartitionFetch[]> {
    if (this.#isEnough(fetched)) return this.#counted(fetched)
    return new Promise(resolve => {
      this.#resolve = resolve
      this.#park(fetched)
    })
  }

  #resolveOrPark(fetched: PartitionFetch[], isLast: boolean): void {
    if (isLast || this.#isEnough(fetched)) this.#resolve(this.#counted(fetched))
    else this.#park(fetched)
  }

  /** What a follower is told counts, where it is throttled, also if the follower is in sync. */
  #counted(fetched: PartitionFetch[]): PartitionFetch[] {
    if (!this.isFollower || !this.#throttle.isInUse) return fetched
    for (const { wanted, byteLength } of fetched) {
      if (byteLength > 0 && this.#throttle.covers(wanted.topic ?? '', wanted.partition))
        this.#throttle.record(byteLength)
    }
    return fetched
  }

  #park(fetched: readonly PartitionFetch[]): void {
    this.partitions.length = 0
    this.missingBytes = this.#limits.minBytes
    for (const { partition, byteLength, release } of fetched) {
      if (partition !== undefined) this.partitions.push(partition)
      this.missingBytes -= byteLength
      // It will be read again.
      release?.()
    }
    this.#purgatory.park(this)
  }

  /** Errors and divergence are told at once, and a follower that DeleteRecords may wait for that the log begins elsewhere. */
  #isEnough(fetched: readonly PartitionFetch[]): boolean {
    if (this.#isAbandoned) return true
    if (this.#limits.maxWaitMs <= 0 || fetched.length === 0) return true
    let bytes = 0
    for (const one of fetched) {
      const { errorCode, divergingEpoch, preferredReadReplica, byteLength } = one
      if (errorCode !== errorCodes.NONE || divergingEpoch !== null || preferredReadReplica >= 0) return true
      if (this.isFollower && hasNewStart(one)) return true
      bytes += byteLength
    }
    return bytes >= this.#limits.minBytes
  }

  #readAll(): PartitionFetch[] | Promise<PartitionFetch[]> {
    this.#nowMs = this.#clock.monotonic()
    const wanted = Math.min(this.#limits.maxBytes, this.#partitionsMaxBytes())
    const granted = this.#memory.reserve(wanted)
    if (this.isFollower && this.#throttle.isInUse) {
      this.#throttledBytesLeft = this.#throttle.isExceeded ? 0 : this.#throttle.bytesAtOnce
    }
    const fetched = this.#readFrom([], granted < wanted ? granted : this.#limits.maxBytes, true)
    if (fetched instanceof Promise) return fetched.finally(() => this.#memory.release(granted))
    this.#memory.release(granted)
    return fetched
  }

  #partitionsMaxBytes(): number {
    let bytes = 0
    for (const { partitionMaxBytes } of this.#wanted) bytes += partitionMaxBytes
    return bytes
  }

  /** Goes on with the partition behind the ones already read. One after the other: each may take what the others left. */
  #readFrom(
    fetched: PartitionFetch[],
    bytesLeft: number,
    minOneBatch: boolean,
  ): PartitionFetch[] | Promise<PartitionFetch[]> {
    let left = bytesLeft
    let needsOne = minOneBatch
    for (let i = fetched.length; i < this.#wanted.length; i++) {
      const wanted = this.#wanted[i]
      if (wanted === undefined) break
      const read = this.#read(wanted, left, needsOne)
      if (read instanceof Promise) {
        return read.then(late => {
          fetched.push(late)
          return this.#readFrom(fetched, Math.max(0, left - late.byteLength), needsOne && late.byteLength === 0)
        })
      }
      fetched.push(read)
      left = Math.max(0, left - read.byteLength)
      needsOne &&= read.byteLength === 0
    }
    return fetched
  }

  #read(wanted: FetchedPartition, bytesLeft: number, minOneBatch: boolean): PartitionFetch | Promise<PartitionFetch> {
    const topic = wanted.topic ?? ''
    const partition = this.#registry.get(topic, wanted.partition)
    if (partition === undefined) {
      if (this.isFollower) this.#registry.fetchedInVain(topic, wanted.partition, this.#limits.replicaId)
      return failed(wanted, undefined, this.#registry.problem(topic, wanted.partition))
    }
    const errorCode = this.#check(wanted, partition)
    if (errorCode !== errorCodes.NONE) return failed(wanted, partition, errorCode)
    if (wanted.lastFetchedEpoch >= 0) {
      const parted = findDivergence(wanted, partition)
      if (parted !== null) return parted
    }
    const { log } = partition
    if (this.isFollower) {
      const { fetchOffset } = wanted
      // Where it fetches from is behind its last record; what lies outside of our log says nothing.
      if (fetchOffset >= log.logStartOffset && fetchOffset <= log.logEndOffset) {
        const { replicaId, replicaEpoch: brokerEpoch } = this.#limits
        const { logStartOffset } = wanted
        partition.fetchedBy({ replicaId, brokerEpoch, fetchOffset, logStartOffset, nowMs: this.#nowMs })
      }
    }
    const { highWatermark, lastStableOffset, logStartOffset } = log
    const { rack } = this.#limits
    const near = rack === null || this.isFollower ? null : partition.nearReplica(rack, wanted.fetchOffset)
    if (near !== null) {
      const offsets = { highWatermark, lastStableOffset, logStartOffset }
      return { ...failed(wanted, partition, errorCodes.NONE), ...offsets, preferredReadReplica: near }
    }
    const maxBytes = Math.min(wanted.partitionMaxBytes, bytesLeft)
    // A negative limit is a fault in Kafka once there is something to read.
    if (maxBytes < 0 && wanted.fetchOffset >= logStartOffset && wanted.fetchOffset < highWatermark) {
      return failed(wanted, partition, errorCodes.UNKNOWN_SERVER_ERROR)
    }
    const isThrottled = this.#isThrottled(partition)
    const options: ReadOptions = {
      maxBytes: isThrottled ? Math.min(maxBytes, this.#throttledBytesLeft) : maxBytes,
      minOneBatch,
      // Who is held back is told the offsets, as if there were nothing new.
      endOffset: this.isHeldBack(partition) ? wanted.fetchOffset : this.#endOffsetFor(log),
    }
    const conclude = (read: LogRead): PartitionFetch => {
      if (isThrottled) this.#throttledBytesLeft = Math.max(0, this.#throttledBytesLeft - read.byteLength)
      return read.errorCode === errorCodes.NONE
        ? {
            wanted,
            partition,
            errorCode: errorCodes.NONE,
            highWatermark,
            lastStableOffset,
            logStartOffset,
            divergingEpoch: null,
            preferredReadReplica: -1,
            chunks: read.chunks,
            byteLength: read.byteLength,
            release: this.#hold(read),
          }
        : failed(wanted, partition, read.errorCode)
    }
    const read = log.read(wanted.fetchOffset, options)
    return read instanceof Promise ? read.then(conclude) : conclude(read)
  }

  isHeldBack(partition: Partition): boolean {
    return this.#throttledBytesLeft === 0 && this.#isThrottled(partition)
  }

  /** Never a replica in sync: it would fall out of it. */
  #isThrottled({ topic, index, isr }: Partition): boolean {
    return this.isFollower && this.#throttle.covers(topic, index) && !isr.includes(this.#limits.replicaId)
  }

  /** Followers read what is written, consumers what is committed, and those of transactions what is decided. */
  #endOffsetFor(log: PartitionLog): number {
    if (this.isFollower) return log.logEndOffset
    return this.#limits.readCommitted ? log.lastStableOffset : log.highWatermark
  }

  /** Counts the bytes until they are released. */
  #hold({ byteLength, release }: LogRead): (() => void) | undefined {
    if (byteLength === 0) return undefined
    this.#memory.take(byteLength)
    return () => {
      this.#memory.release(byteLength)
      release?.()
    }
  }

  #check(wanted: FetchedPartition, partition: Partition): number {
    // The name was resolved earlier in the session; the topic may have been made anew since.
    if (wanted.topicId !== zeroUuid && wanted.topicId !== partition.topicId) return errorCodes.INCONSISTENT_TOPIC_ID
    const { currentLeaderEpoch } = wanted
    if (!this.isFollower && this.#limits.rack !== null) {
      return partition.checkReadable(currentLeaderEpoch, wanted.fetchOffset)
    }
    const errorCode = this.isFollower
      ? partition.checkFollower(currentLeaderEpoch)
      : partition.checkLeaderEpoch(currentLeaderEpoch)
    if (errorCode !== errorCodes.NONE || !this.isFollower) return errorCode
    if (partition.replicas.includes(this.#limits.replicaId)) return errorCodes.NONE
    // A replica that is not one of the partition's: it may know a newer assignment than we do.
    return wanted.currentLeaderEpoch >= 0 ? errorCodes.UNKNOWN_LEADER_EPOCH : errorCodes.NOT_LEADER_OR_FOLLOWER
  }
}

/** Without a session nobody knows what it was told: it would be told so again and again. */
function hasNewStart({ wanted, logStartOffset }: PartitionFetch): boolean {
  return wanted.toldLogStartOffset >= 0 && logStartOffset !== wanted.toldLogStartOffset
}

/** The answer that tells a client to cut its log back (KIP-595), null where its last epoch agrees with ours. */
function findDivergence(wanted: FetchedPartition, partition: Partition): PartitionFetch | null {
  const { highWatermark, lastStableOffset, logStartOffset } = partition.log
  const { leaderEpoch, endOffset } = partition.log.endOffsetForEpoch(wanted.lastFetchedEpoch)
  if (endOffset === -1 || leaderEpoch === -1 || wanted.fetchOffset < logStartOffset) {
    return failed(wanted, partition, errorCodes.OFFSET_OUT_OF_RANGE)
  }
  if (leaderEpoch >= wanted.lastFetchedEpoch && endOffset >= wanted.fetchOffset) return null
  return {
    wanted,
    partition,
    errorCode: errorCodes.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch: { epoch: leaderEpoch, endOffset },
    preferredReadReplica: -1,
    chunks: noChunks,
    byteLength: 0,
    release: undefined,
  }
}

export function failed(wanted: FetchedPartition, partition: Partition | undefined, errorCode: number): PartitionFetch {
  return {
    wanted,
    partition,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: null,
    preferredReadReplica: -1,
    chunks: noChunks,
    byteLength: 0,
    release: undefined,
  }
}
