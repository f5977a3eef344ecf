import type { Clock, DiskFile } from '@odradek/platform'

/** One append on its way to its file. Exactly one of the two is called, later than `write`. */
export interface PendingWrite {
  readonly file: DiskFile
  readonly position: number
  readonly chunk: Buffer
  written(): void
  failed(error: unknown): void
}

/** Larger than this, a write is not worth the loop's time. */
const syncWriteBytesMax = 256 * 1024
/** A synchronous write that takes longer may show that the kernel throttles us. */
const slowWriteMs = 5
/** Writes then go through the pool for so many times as long: a hiccup costs little, a slow disk stops the loop rarely. */
const slowFactor = 20
const slowForMsMax = 1000
const vectorChunksMax = 512
const vectorBytesMax = 8 * 1024 * 1024

/** What all partitions of one disk know of its speed. */
export class DiskPace {
  readonly #clock: Clock
  #slowUntil = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A time to hand to `wrote`; -1 when writes should not be made on the loop now. */
  begin(): number {
    const now = this.#clock.monotonic()
    return now < this.#slowUntil ? -1 : now
  }

  wrote(begun: number): void {
    const now = this.#clock.monotonic()
    const tookMs = now - begun
    if (tookMs > slowWriteMs) this.#slowUntil = now + Math.min(tookMs * slowFactor, slowForMsMax)
  }
}

/**
 * The way of one partition's appends to its files, in order: a small one with nothing before it at once on the loop;
 * otherwise one call at a time through the pool, and all that arrives meanwhile goes with the next (group commit).
 */
export class GroupCommit {
  readonly #pace: DiskPace
  #queue: PendingWrite[] = []
  #isWriting = false
  #idleWaiters: (() => void)[] = []

  constructor(pace: DiskPace) {
    this.#pace = pace
  }

  get isIdle(): boolean {
    return !this.#isWriting
  }

  /** True when it is written; false when it has to be queued with `push`. Throws DiskError. */
  writeNow(file: DiskFile, position: number, chunk: Buffer): boolean {
    if (this.#isWriting || chunk.length > syncWriteBytesMax) return false
    const begun = this.#pace.begin()
    if (begun < 0) return false
    file.writeSync([chunk], position)
    this.#pace.wrote(begun)
    return true
  }

  push(write: PendingWrite): void {
    this.#queue.push(write)
    if (!this.#isWriting) void this.#drain()
  }

  /** Resolves when nothing is queued or in flight. */
  idle(): Promise<void> {
    if (this.#queue.length === 0 && !this.#isWriting) return Promise.resolve()
    return new Promise(resolve => this.#idleWaiters.push(resolve))
  }

  async #drain(): Promise<void> {
    this.#isWriting = true
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      const [first] = group
      if (first === undefined) break
      try {
        await first.file.write(
          group.map(write => write.chunk),
          first.position,
        )
      } catch (error) {
        // What comes behind a hole must not be written either.
        const lost = [...group, ...this.#queue]
        this.#queue = []
        for (const write of lost) write.failed(error)
        break
      }
      for (const write of group) write.written()
    }
    this.#isWriting = false
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const resolve of waiters) resolve()
  }

  /** The longest run of writes that lie one behind the other in one file, within the bounds of one call. */
  #takeGroup(): PendingWrite[] {
    const queue = this.#queue
    let count = 0
    let end = queue[0]?.position ?? 0
    let bytes = 0
    for (const write of queue) {
      const isNext = write.file === queue[0]?.file && write.position === end
      if (!isNext || count === vectorChunksMax || (count > 0 && bytes + write.chunk.length > vectorBytesMax)) break
      count++
      bytes += write.chunk.length
      end += write.chunk.length
    }
    this.#queue = queue.slice(count)
    return queue.slice(0, count)
  }
}
