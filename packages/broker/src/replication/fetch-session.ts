/**
 * Incremental fetch sessions (KIP-227): a consumer names its partitions once, later requests carry only what changed, and
 * answers only what is news. A session is plain state; the cache decides which sessions live.
 *
 * Invariants: a session's partitions keep their order but for those that gave records, which go to the end, so that a
 * partition with much to say cannot starve the others; a session's epoch grows by one with every request, from 1.
 */

/** One partition of a Fetch request, and what the client was last told of it. */
export interface FetchedPartition {
  /** See `fetchKey`. */
  readonly key: string
  /** Null: the topic id is not known (here, yet). */
  topic: string | null
  topicId: string
  partition: number
  fetchOffset: number
  partitionMaxBytes: number
  /** -1: not given. */
  currentLeaderEpoch: number
  lastFetchedEpoch: number
  /** The follower's; -1 from consumers. */
  logStartOffset: number
  /** -1: never told, or told with an error, or to a follower that did not take it. */
  toldHighWatermark: number
  toldLogStartOffset: number
}

/** What decides whether a partition's answer is news. */
export interface FetchNews {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  /** Of its records. */
  readonly byteLength: number
  /** The client has to go on at another offset (KIP-595); null: it has not. */
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | null
  /** It has to go on at that replica (KIP-392); -1: it has not. */
  readonly preferredReadReplica: number
}

export const noSessionId = 0
export const initialSessionEpoch = 0
export const finalSessionEpoch = -1

/** 1 follows int32's end: 0 would ask for a new session. */
export function nextSessionEpoch(epoch: number): number {
  if (epoch < 0) return finalSessionEpoch
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

/** Identifies a partition within a session: by id where the session uses ids, else by name. */
export function fetchKey(usesTopicIds: boolean, topicId: string, topic: string | null, partition: number): string {
  return `${usesTopicIds ? topicId : topic}/${partition}`
}

export class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  /** Replicas' sessions push out consumers', never the other way round. */
  readonly privileged: boolean
  readonly createdMs: number
  lastUsedMs: number
  epoch = nextSessionEpoch(initialSessionEpoch)
  readonly partitions: Map<string, FetchedPartition>

  constructor(options: {
    id: number
    usesTopicIds: boolean
    privileged: boolean
    nowMs: number
    partitions: Map<string, FetchedPartition>
  }) {
    this.id = options.id
    this.usesTopicIds = options.usesTopicIds
    this.privileged = options.privileged
    this.createdMs = options.nowMs
    this.lastUsedMs = options.nowMs
    this.partitions = options.partitions
  }

  /** Takes in a request: new partitions go to the end, known ones keep their place and what they were told. */
  update(wanted: ReadonlyMap<string, FetchedPartition>, forgotten: readonly string[]): void {
    for (const [key, partition] of wanted) {
      const known = this.partitions.get(key)
      if (known === undefined) {
        this.partitions.set(key, partition)
      } else {
        known.fetchOffset = partition.fetchOffset
        known.partitionMaxBytes = partition.partitionMaxBytes
        known.currentLeaderEpoch = partition.currentLeaderEpoch
        known.lastFetchedEpoch = partition.lastFetchedEpoch
        known.logStartOffset = partition.logStartOffset
      }
    }
    for (const key of forgotten) this.partitions.delete(key)
  }

  /** True where the client must hear of it; then the partition counts as told, and goes to the end if it gave records. */
  tell(key: string, news: FetchNews): boolean {
    const known = this.partitions.get(key)
    if (known === undefined) return true
    const told = tell(known, news)
    if (news.byteLength > 0) {
      this.partitions.delete(key)
      this.partitions.set(key, known)
    }
    return told
  }
}

/** Notes what a client is told, and says whether any of it is new to it. */
export function tell(known: FetchedPartition, news: FetchNews): boolean {
  const isNews =
    news.byteLength > 0 ||
    news.errorCode !== 0 ||
    news.divergingEpoch !== null ||
    news.preferredReadReplica >= 0 ||
    news.highWatermark !== known.toldHighWatermark ||
    news.logStartOffset !== known.toldLogStartOffset
  // After an error the next good answer must go out, even with the same numbers. So it must where a follower first has to cut its
  // log back: it takes nothing else from such an answer, and would keep what was deleted while it was away.
  const isTaken = news.errorCode === 0 && (news.divergingEpoch === null || known.logStartOffset < 0)
  known.toldHighWatermark = isTaken ? news.highWatermark : -1
  known.toldLogStartOffset = isTaken ? news.logStartOffset : -1
  return isNews
}
