/**
 * What a leader knows of its followers from their fetches, and what follows from it: how far the log is committed, from where on
 * all of them still have it, who has fallen out of sync, and who may come back in.
 *
 * Pure. The leader's own log end, and the time, come in as arguments.
 */
interface Follower {
  /** Where it fetched last: it has all below. -1: it has not fetched in this leader epoch. */
  logEndOffset: number
  /** Where its log began when it fetched last. -1: as above. */
  logStartOffset: number
  /** It had all that the leader had, at this time. */
  lastCaughtUpMs: number
  lastFetchMs: number
  /** The leader's log end when it fetched last. */
  leaderEndAtLastFetch: number
  /** Of the broker's registration, as it said so; -1 where it did not. */
  brokerEpoch: number
}

export interface FollowerFetch {
  readonly replicaId: number
  readonly brokerEpoch: number
  readonly fetchOffset: number
  /** Where its log begins. */
  readonly logStartOffset: number
  readonly nowMs: number
}

export class ReplicaProgress {
  readonly #followers = new Map<number, Follower>()

  /** For a leader epoch that begins: all count as caught up, so that each has its time to come. */
  constructor(followerIds: readonly number[], nowMs: number) {
    this.setFollowers(followerIds, nowMs)
  }

  /** The partition's replicas have changed. */
  setFollowers(followerIds: readonly number[], nowMs: number): void {
    for (const id of [...this.#followers.keys()]) if (!followerIds.includes(id)) this.#followers.delete(id)
    for (const id of followerIds) {
      if (this.#followers.has(id)) continue
      this.#followers.set(id, {
        logEndOffset: -1,
        logStartOffset: -1,
        lastCaughtUpMs: nowMs,
        lastFetchMs: Number.NEGATIVE_INFINITY,
        leaderEndAtLastFetch: 0,
        brokerEpoch: -1,
      })
    }
  }

  /** -1 as long as it has not fetched. */
  logEndOffsetOf(replicaId: number): number {
    return this.#followers.get(replicaId)?.logEndOffset ?? -1
  }

  /** -1 as long as it has not fetched. */
  logStartOffsetOf(replicaId: number): number {
    return this.#followers.get(replicaId)?.logStartOffset ?? -1
  }

  brokerEpochOf(replicaId: number): number {
    return this.#followers.get(replicaId)?.brokerEpoch ?? -1
  }

  /** -Infinity before the first. */
  lastFetchMsOf(replicaId: number): number {
    return this.#followers.get(replicaId)?.lastFetchMs ?? Number.NEGATIVE_INFINITY
  }

  fetched(fetch: FollowerFetch, leaderEndOffset: number): void {
    const { replicaId, brokerEpoch, fetchOffset, logStartOffset, nowMs } = fetch
    const follower = this.#followers.get(replicaId)
    if (follower === undefined) return
    // One that is always a fetch behind a busy leader is caught up as of the fetch before.
    if (fetchOffset >= leaderEndOffset) follower.lastCaughtUpMs = nowMs
    else if (fetchOffset >= follower.leaderEndAtLastFetch) {
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, follower.lastFetchMs)
    }
    follower.logEndOffset = fetchOffset
    follower.logStartOffset = logStartOffset
    follower.leaderEndAtLastFetch = leaderEndOffset
    follower.lastFetchMs = nowMs
    follower.brokerEpoch = brokerEpoch
  }

  /** What all of `replicas` but the leader have: -1 where one has not fetched yet, the largest number where there is no other. */
  commonEndOffset(replicas: readonly number[], leaderId: number): number {
    let common = Number.MAX_SAFE_INTEGER
    for (const id of replicas) {
      if (id === leaderId) continue
      const end = this.logEndOffsetOf(id)
      if (end < common) common = end
    }
    return common
  }

  /** Below it no follower that counts has anything: -1 where one has not fetched yet, the largest number where none counts. */
  commonStartOffset(counts: (replicaId: number) => boolean): number {
    let common = Number.MAX_SAFE_INTEGER
    for (const [id, { logStartOffset }] of this.#followers) {
      if (logStartOffset < common && counts(id)) common = logStartOffset
    }
    return common
  }

  /** Those of `isr` that have not been at the leader's log end for longer than `lagMsMax` (replica.lag.time.max.ms). */
  laggards(
    isr: readonly number[],
    {
      leaderId,
      leaderEndOffset,
      nowMs,
      lagMsMax,
    }: { leaderId: number; leaderEndOffset: number; nowMs: number; lagMsMax: number },
  ): number[] {
    return isr.filter(id => {
      const follower = this.#followers.get(id)
      if (id === leaderId || follower === undefined) return false
      return follower.logEndOffset !== leaderEndOffset && nowMs - follower.lastCaughtUpMs > lagMsMax
    })
  }
}
