import type { Clock, Timer } from '@odradek/platform'
import type { Partition } from './partition.ts'

/** A Fetch request that found too few records. */
export interface WaitingFetch {
  /** Its partitions, none twice. */
  readonly partitions: readonly Partition[]
  /** It takes what is written; a consumer's takes what is committed. */
  readonly isFollower: boolean
  /** Bytes that must come in before it is worth another look. */
  missingBytes: number
  /** By the monotonic clock. */
  readonly deadlineMs: number
  /** What comes in there is nothing to look at now: a throttle holds it back. */
  isHeldBack(partition: Partition): boolean
  /** Look again: answer, or be parked anew. With `isLast`, answer with what there is. Must not throw. */
  wake(isLast: boolean): void
  /** Answer without looking for records: the broker stops. Must not throw. */
  end(): void
}

interface Parked {
  readonly fetch: WaitingFetch
  timer: Timer
  isReady: boolean
}

/**
 * Where fetches wait for records. New records only mark them; they are woken when the batch of requests that brought the
 * records has been served, or, where there is none (the write went through the disk's pool), in a microtask of their own.
 */
export class FetchPurgatory {
  readonly #clock: Clock
  readonly #parked = new Map<WaitingFetch, Parked>()
  #ready: WaitingFetch[] = []
  #openBatches = 0
  #isReleaseScheduled = false
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#parked.size
  }

  /** Keeps the fetch until its bytes are there or its time is over. After `close` it is ended at once. */
  park(fetch: WaitingFetch): void {
    if (this.#isClosed) {
      fetch.end()
      return
    }
    for (const partition of fetch.partitions) waitingOf(partition, fetch).add(fetch)
    const delayMs = Math.max(0, fetch.deadlineMs - this.#clock.monotonic())
    const timer = this.#clock.after(delayMs, () => this.#wake(fetch, true))
    this.#parked.set(fetch, { fetch, timer, isReady: false })
  }

  /** Those who wait for a partition may see so many more bytes of it. */
  advanced(partition: Partition, waiting: ReadonlySet<WaitingFetch>, bytes: number): void {
    for (const fetch of waiting) {
      if (fetch.isHeldBack(partition)) continue
      fetch.missingBytes -= bytes
      if (fetch.missingBytes <= 0) this.#markReady(fetch)
    }
  }

  /** Something other than records has happened to the partition: all that wait for it look again. */
  wakeAll(partition: Partition): void {
    for (const fetch of partition.waiting) this.#markReady(fetch)
    this.wakeFollowers(partition)
  }

  wakeFollowers(partition: Partition): void {
    for (const fetch of partition.waitingFollowers) this.#markReady(fetch)
  }

  batchBegins(): void {
    this.#openBatches++
  }

  batchEnds(): void {
    if (--this.#openBatches === 0) this.#release()
  }

  /** Forgets a fetch that nobody waits for any more. */
  remove(fetch: WaitingFetch): boolean {
    const parked = this.#parked.get(fetch)
    if (parked === undefined) return false
    parked.timer.cancel()
    this.#parked.delete(fetch)
    for (const partition of fetch.partitions) waitingOf(partition, fetch).delete(fetch)
    return true
  }

  /** Ends all that wait, and from now on everybody at once. */
  close(): void {
    this.#isClosed = true
    for (const fetch of [...this.#parked.keys()]) if (this.remove(fetch)) fetch.end()
  }

  #markReady(fetch: WaitingFetch): void {
    const parked = this.#parked.get(fetch)
    if (parked === undefined || parked.isReady) return
    parked.isReady = true
    this.#ready.push(fetch)
    if (this.#openBatches > 0 || this.#isReleaseScheduled) return
    this.#isReleaseScheduled = true
    void Promise.resolve().then(() => {
      this.#isReleaseScheduled = false
      if (this.#openBatches === 0) this.#release()
    })
  }

  #release(): void {
    // One that is woken may bring about more (an answer lets its connection's next request start): until none is left.
    while (this.#ready.length > 0) {
      const ready = this.#ready
      this.#ready = []
      for (const fetch of ready) this.#wake(fetch, false)
    }
  }

  #wake(fetch: WaitingFetch, isLast: boolean): void {
    if (this.remove(fetch)) fetch.wake(isLast)
  }
}

function waitingOf(partition: Partition, { isFollower }: WaitingFetch): Set<WaitingFetch> {
  return isFollower ? partition.waitingFollowers : partition.waiting
}
