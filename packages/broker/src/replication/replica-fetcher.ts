import { type BrokerConnection, ConnectionError, KafkaError } from '@odradek/client'
import type { Clock } from '@odradek/platform'
import {
  batchBaseOffset,
  errorCodes,
  errorName,
  type FetchResponse,
  fetchRequest,
  fetchResponse,
  listOffsetsRequest,
  listOffsetsResponse,
} from '@odradek/protocol'
import type { Logger } from '../logger.ts'
import { type FetchPosition, FollowerSession } from './follower-session.ts'
import { LeaderLife } from './leader-life.ts'
import type { Partition } from './partition.ts'
import type { ReplicationThrottle } from './replication-throttle.ts'

/** Settings of fetching, by Kafka's names; asked at each use. */
export interface FetcherConfig {
  /** replica.fetch.max.bytes: of one partition. */
  readonly partitionBytesMax: number
  /** replica.fetch.response.max.bytes. */
  readonly responseBytesMax: number
  /** replica.fetch.min.bytes. */
  readonly bytesMin: number
  /** replica.fetch.wait.max.ms. */
  readonly waitMsMax: number
  /** replica.fetch.backoff.ms. */
  readonly backoffMs: number
  /** replica.socket.timeout.ms. */
  readonly timeoutMs: number
}

export interface ReplicaFetcherOptions {
  readonly leaderId: number
  readonly brokerId: number
  /** Of this broker's registration. */
  readonly brokerEpoch: () => number
  /** Of the leader's registration; null while there is none. */
  readonly leaderBrokerEpoch: () => number | null
  /** The leader's process has ended, in the registration of that epoch. */
  readonly onLeaderEnded: (brokerEpoch: number) => void
  readonly connect: () => Promise<BrokerConnection>
  readonly config: () => FetcherConfig
  /** Of what this broker fetches as a follower. */
  readonly throttle: ReplicationThrottle
  readonly clock: Clock
  readonly logger: Logger
}

interface Followed {
  readonly key: string
  readonly partition: Partition
  /** The number of the request that asked for it last, and the leader epoch that it named; 0: none has. */
  askedIn: number
  askedEpoch: number
  /** By the monotonic clock: not before. */
  retryAtMs: number
  /** What is being done to its log. */
  writing: Promise<unknown>
  hasWarned: boolean
  /** As of the last answer, it has all that is committed. */
  isCaughtUp: boolean
}

/** The leader is not registered (yet, or any more). */
export class NoLeaderError extends Error {}

const settledByImage: ReadonlySet<number> = new Set([
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.FENCED_LEADER_EPOCH,
  errorCodes.UNKNOWN_LEADER_EPOCH,
  errorCodes.UNKNOWN_TOPIC_ID,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
])

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

/** While a throttle holds everything back it is looked at no more often, whatever the back-off from errors is. */
const heldBackMsMin = 100

/**
 * Answers lie in the same memory, one after the other: when the next one comes, the last one is written. Fresh memory for each
 * brings about a collection of V8's whole heap every few dozen megabytes, which took a sixth of a follower's time. What is larger
 * than this gets its own; what is smaller than the first size is not worth another one.
 */
const memoryBytesMax = 4 * 1024 * 1024
const memoryBytesMin = 256 * 1024

/** Between tries to reach a leader that was there a moment ago. */
const soonMs = 50

const earliest = -2
const latest = -1

/**
 * Fetches from one leader all partitions that follow it: one request at a time, the next one when what the last one brought is
 * written. A partition with an error is left out for a while; what the leader says of epochs, the cluster image settles.
 */
export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions
  readonly #followed = new Map<string, Followed>()
  readonly #session = new FollowerSession()
  readonly #leaderLife = new LeaderLife()
  #connection: BrokerConnection | null = null
  #memory: Buffer = Buffer.alloc(0)
  #requests = 0
  #running: Promise<void> | null = null
  #wakeUp: () => void = () => {}
  /** The request under way was given up on purpose. */
  #isInterrupted = false
  #isUnreachable = false
  #isStopped = false

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options
  }

  add(partition: Partition): void {
    const key = keyOf(partition.topicId, partition.index)
    this.#followed.set(key, {
      key,
      partition,
      askedIn: 0,
      askedEpoch: -1,
      retryAtMs: 0,
      writing: Promise.resolve(),
      hasWarned: false,
      isCaughtUp: false,
    })
    // A fetch that waits at the leader for others' records does not know of it: it is made anew, for all.
    if (this.#running === null) this.#running = this.#run()
    else this.#interrupt()
  }

  /** When it resolves, nothing more is written to the partition's log. */
  async remove(partition: Partition): Promise<void> {
    const key = keyOf(partition.topicId, partition.index)
    const followed = this.#followed.get(key)
    if (followed?.partition !== partition) return
    this.#followed.delete(key)
    await followed.writing
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#followed.clear()
    this.#interrupt()
    await this.#running
  }

  #interrupt(): void {
    this.#isInterrupted = true
    this.#disconnect()
    this.#wakeUp()
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = null
    this.#session.reset()
  }

  async #run(): Promise<void> {
    const { clock, config } = this.#options
    while (!this.#isStopped && this.#followed.size > 0) {
      this.#isInterrupted = false
      const nowMs = clock.monotonic()
      const all = [...this.#followed.values()]
      const ready = this.#allowed(all.filter(({ retryAtMs, partition }) => retryAtMs <= nowMs && hasDisk(partition)))
      if (ready.length === 0) {
        // One whose time has come is held back by the throttle, or waits for its disk.
        const heldBackMs = Math.max(heldBackMsMin, config().backoffMs)
        const delaysMs = all.map(({ retryAtMs }) => (retryAtMs > nowMs ? retryAtMs - nowMs : heldBackMs))
        await this.#sleep(Math.min(...delaysMs))
        continue
      }
      try {
        await this.#exchange(ready)
        this.#isUnreachable = false
        this.#leaderLife.answered(this.#options.leaderBrokerEpoch())
      } catch (error) {
        this.#disconnect()
        if (this.#isInterrupted) continue
        this.#report(error)
        await this.#sleep(this.#delayMsAfter(error))
      }
    }
    this.#disconnect()
    this.#running = null
  }

  /** While the throttle's rate is exceeded, what is behind is left out. */
  #allowed(ready: readonly Followed[]): readonly Followed[] {
    const { throttle } = this.#options
    if (!throttle.isInUse || !throttle.isExceeded) return ready
    return ready.filter(followed => !this.#isThrottled(followed))
  }

  /** Never one in sync: it would fall out of it. */
  #isThrottled({ partition, isCaughtUp }: Followed): boolean {
    const { throttle, brokerId } = this.#options
    return throttle.covers(partition.topic, partition.index) && !isCaughtUp && !partition.isr.includes(brokerId)
  }

  #report(error: unknown): void {
    const { leaderId, logger } = this.#options
    const isExpected = error instanceof ConnectionError || error instanceof KafkaError || error instanceof NoLeaderError
    if (!isExpected) logger.error('fetching from a leader failed, and should not: trying again', { leaderId, error })
    else if (!this.#isUnreachable) logger.warn('cannot fetch from a leader: trying again', { leaderId, error })
    this.#isUnreachable = true
  }

  #delayMsAfter(error: unknown): number {
    const { leaderBrokerEpoch, onLeaderEnded, config } = this.#options
    const epoch = leaderBrokerEpoch()
    const verdict = this.#leaderLife.failed(error, epoch)
    if (verdict === 'ended' && epoch !== null) onLeaderEnded(epoch)
    return verdict === 'ask soon' ? Math.min(soonMs, config().backoffMs) : config().backoffMs
  }

  /** Until its time, or an interruption. */
  #sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(delayMs, resolve)
    this.#wakeUp = () => {
      timer.cancel()
      resolve()
    }
    return promise
  }

  /** One request, and what its answer brings. Rejects with ConnectionError, or a KafkaError of the whole request. */
  async #exchange(ready: readonly Followed[]): Promise<void> {
    const { brokerId, brokerEpoch, connect } = this.#options
    if (this.#connection === null || this.#connection.closed) {
      this.#session.reset()
      const connection = await connect()
      if (this.#isInterrupted) {
        connection.close()
        return
      }
      this.#connection = connection
    }
    const connection = this.#connection
    const { responseBytesMax, bytesMin, waitMsMax, timeoutMs } = this.#options.config()
    // Of thousands of partitions most have nothing new to say each time: what is done for all of them is kept small.
    this.#requests++
    for (const followed of ready) {
      followed.askedIn = this.#requests
      followed.askedEpoch = followed.partition.leaderEpoch
    }
    const { sessionId, sessionEpoch, changed, forgotten } = this.#session.next(this.#positionsOf(ready))
    const answer = await connection.send(
      fetchRequest,
      fetchResponse,
      {
        replicaState: { replicaId: brokerId, replicaEpoch: brokerEpoch() },
        maxWaitMs: waitMsMax,
        minBytes: bytesMin,
        maxBytes: responseBytesMax,
        isolationLevel: 0,
        sessionId,
        sessionEpoch,
        topics: byTopic(changed).map(({ topicId, positions }) => ({
          topicId,
          partitions: positions.map(({ key: _, topicId: __, ...position }) => position),
        })),
        forgottenTopicsData: byTopic(forgotten).map(({ topicId, positions }) => ({
          topicId,
          partitions: positions.map(({ partition }) => partition),
        })),
        rackId: '',
      },
      { timeoutMs: timeoutMs + waitMsMax, memory: byteLength => this.#memoryFor(byteLength) },
    )
    if (answer.errorCode !== errorCodes.NONE) {
      // The leader has forgotten the session, as after a restart: the next request says everything.
      this.#session.reset()
      if (!isSessionError(answer.errorCode)) throw new KafkaError(answer.errorCode)
      return
    }
    this.#session.answered(answer.sessionId)
    const writes: Promise<void>[] = []
    for (const { topicId, partitions } of answer.responses) {
      for (const one of partitions) {
        const followed = this.#followed.get(keyOf(topicId, one.partitionIndex))
        if (followed?.askedIn !== this.#requests) continue
        const { askedEpoch } = followed
        if (askedEpoch === followed.partition.leaderEpoch)
          writes.push(this.#take(followed, one, askedEpoch, connection))
      }
    }
    // All of them, also when one fails: the next request must not ask for what is still being written.
    for (const write of await Promise.allSettled(writes)) if (write.status === 'rejected') throw write.reason
  }

  #memoryFor(byteLength: number): Buffer | null {
    if (byteLength > memoryBytesMax) return null
    if (byteLength > this.#memory.length) {
      this.#memory = Buffer.allocUnsafeSlow(Math.min(memoryBytesMax, Math.max(memoryBytesMin, 2 * byteLength)))
    }
    return this.#memory.subarray(0, byteLength)
  }

  /** Those that are throttled share what the throttle lets pass at once. */
  #positionsOf(ready: readonly Followed[]): FetchPosition[] {
    const { config, throttle } = this.#options
    const { partitionBytesMax } = config()
    if (!throttle.isInUse) return ready.map(followed => positionOf(followed, partitionBytesMax))
    const throttled = new Set(ready.filter(followed => this.#isThrottled(followed)))
    const share = Math.max(1, Math.floor(throttle.bytesAtOnce / throttled.size))
    return ready.map(followed => {
      const bytesMax = throttled.has(followed) ? Math.min(partitionBytesMax, share) : partitionBytesMax
      return positionOf(followed, bytesMax)
    })
  }

  #isStillFollowed(followed: Followed): boolean {
    return this.#followed.get(followed.key) === followed
  }

  /** What the leader says of one partition. */
  async #take(
    followed: Followed,
    answer: PartitionAnswer,
    leaderEpoch: number,
    connection: BrokerConnection,
  ): Promise<void> {
    const { log } = followed.partition
    const { errorCode, divergingEpoch, records, highWatermark, logStartOffset } = answer
    if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE) return this.#findPlace(followed, connection)
    if (errorCode !== errorCodes.NONE) return this.#retryLater(followed, errorCode)
    if (divergingEpoch.endOffset >= 0) return this.#truncate(followed, answer)
    if (records !== null && records.length > 0) {
      const append = async () => {
        const result = await this.#write(followed, log.appendAsFollower(records, { leaderEpoch }))
        // Of one that failed a write may still be under way.
        if (result.errorCode !== errorCodes.NONE) this.#memory = Buffer.alloc(0)
        return result
      }
      let appended = await append()
      if (!this.#isStillFollowed(followed)) return
      // The leader's log may begin within a batch; an empty log that was to begin there begins with the whole batch.
      if (appended.errorCode === errorCodes.OFFSET_OUT_OF_RANGE && log.logStartOffset === log.logEndOffset) {
        const isEmptied = await this.#write(followed, log.startAnewAt(batchBaseOffset(records, 0)))
        if (!this.#isStillFollowed(followed)) return
        if (!isEmptied) return this.#retryLater(followed, errorCodes.KAFKA_STORAGE_ERROR)
        appended = await append()
        if (!this.#isStillFollowed(followed)) return
      }
      if (appended.errorCode !== errorCodes.NONE) return this.#retryLater(followed, appended.errorCode)
      this.#count(followed, records.length)
    }
    followed.isCaughtUp = log.logEndOffset >= highWatermark
    log.highWatermarkLimit = highWatermark
    log.followLogStart(logStartOffset)
  }

  /** Also in sync it counts for what is throttled. */
  #count({ partition }: Followed, bytes: number): void {
    const { throttle } = this.#options
    if (throttle.covers(partition.topic, partition.index)) throttle.record(bytes)
  }

  /** Whoever stops following waits for it; what it is done with is not to be counted any more then. */
  #write<T>(followed: Followed, work: T | Promise<T>): T | Promise<T> {
    if (work instanceof Promise) followed.writing = work
    return work
  }

  /** KIP-595: what both have of the epoch that the leader names is the same; what comes behind it is not. */
  async #truncate(
    followed: Followed,
    { divergingEpoch: { epoch, endOffset }, logStartOffset }: PartitionAnswer,
  ): Promise<void> {
    const { log } = followed.partition
    const own = log.endOffsetForEpoch(epoch)
    // Where the epoch is not ours, an earlier one is the next to be compared; where we know of none, the leader's end counts.
    const ownEnd = own.endOffset < 0 ? endOffset : own.endOffset
    const commonEnd = own.leaderEpoch === epoch ? Math.min(ownEnd, endOffset) : ownEnd
    const end = Math.min(commonEnd, log.logEndOffset)
    // Of what lies before its log the leader knows no epochs: nobody can tell any more how much of that is the same.
    const isTruncated = end <= logStartOffset ? log.startAnewAt(logStartOffset) : log.truncateTo(end)
    if (!(await this.#write(followed, isTruncated))) this.#retryLater(followed, errorCodes.KAFKA_STORAGE_ERROR)
  }

  /** The leader has nothing where our log ends: it ends before that, or begins behind it. */
  async #findPlace(followed: Followed, connection: BrokerConnection): Promise<void> {
    const { log } = followed.partition
    const leaderEnd = await this.#askOffset(followed, latest, connection)
    if (leaderEnd === null || !this.#isStillFollowed(followed)) return
    if (leaderEnd < log.logEndOffset) {
      if (!(await this.#write(followed, log.truncateTo(leaderEnd))))
        this.#retryLater(followed, errorCodes.KAFKA_STORAGE_ERROR)
      return
    }
    const leaderStart = await this.#askOffset(followed, earliest, connection)
    if (leaderStart === null || !this.#isStillFollowed(followed)) return
    if (leaderStart <= log.logEndOffset) return this.#dropLaterEpochs(followed)
    if (await this.#write(followed, log.startAnewAt(leaderStart))) return
    this.#retryLater(followed, errorCodes.KAFKA_STORAGE_ERROR)
  }

  /**
   * The leader has our place, and yet says that it is out of range, as it does of an epoch that it has never heard of. Nobody can have led
   * in one that is later than its own: bits of it have turned over, which no checksum of a batch covers.
   */
  async #dropLaterEpochs(followed: Followed): Promise<void> {
    const { log, leaderEpoch } = followed.partition
    if (log.latestLeaderEpoch <= leaderEpoch) return
    const { endOffset } = log.endOffsetForEpoch(leaderEpoch)
    if (await this.#write(followed, log.truncateTo(Math.max(endOffset, log.logStartOffset)))) return
    this.#retryLater(followed, errorCodes.KAFKA_STORAGE_ERROR)
  }

  /** Null where the leader does not say; then it is asked again later. */
  async #askOffset(followed: Followed, timestamp: number, connection: BrokerConnection): Promise<number | null> {
    const { topic: name, index: partitionIndex, leaderEpoch: currentLeaderEpoch } = followed.partition
    const answer = await connection.send(listOffsetsRequest, listOffsetsResponse, {
      replicaId: this.#options.brokerId,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex, currentLeaderEpoch, timestamp }] }],
      timeoutMs: 0,
    })
    const found = answer.topics[0]?.partitions[0]
    if (found?.errorCode === errorCodes.NONE) return found.offset
    this.#retryLater(followed, found?.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR)
    return null
  }

  #retryLater(followed: Followed, errorCode: number): void {
    const { clock, config, leaderId, logger } = this.#options
    const { topic, index } = followed.partition
    followed.retryAtMs = clock.monotonic() + config().backoffMs
    const fields = { topic, index, leaderId, reason: errorName(errorCode) }
    // What the next image settles is nothing to tell; with the rest this replica stays behind until somebody sees to it.
    if (settledByImage.has(errorCode) || followed.hasWarned)
      logger.debug('a partition is not fetched for a while', fields)
    else logger.warn('a partition cannot be fetched: trying again', fields)
    followed.hasWarned ||= !settledByImage.has(errorCode)
  }
}

/** Without one it does not know how far it has got: a leader that believes it would commit what it lacks. */
function hasDisk({ log }: Partition): boolean {
  return log.offlineReason === null
}

function positionOf({ key, partition, askedEpoch }: Followed, partitionMaxBytes: number): FetchPosition {
  const { topicId, index, log } = partition
  return {
    key,
    topicId,
    partition: index,
    currentLeaderEpoch: askedEpoch,
    fetchOffset: log.logEndOffset,
    lastFetchedEpoch: log.latestLeaderEpoch,
    logStartOffset: log.logStartOffset,
    partitionMaxBytes,
  }
}

function keyOf(topicId: string, index: number): string {
  return `${topicId}/${index}`
}

function byTopic<T extends { readonly topicId: string }>(all: readonly T[]): { topicId: string; positions: T[] }[] {
  return [...Map.groupBy(all, ({ topicId }) => topicId)].map(([topicId, positions]) => ({ topicId, positions }))
}

function isSessionError(errorCode: number): boolean {
  return (
    errorCode === errorCodes.FETCH_SESSION_ID_NOT_FOUND ||
    errorCode === errorCodes.INVALID_FETCH_SESSION_EPOCH ||
    errorCode === errorCodes.FETCH_SESSION_TOPIC_ID_ERROR
  )
}
