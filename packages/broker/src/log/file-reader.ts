/**
 * How bytes come from files to readers: on the loop while the page cache has them, through the pool when the disk is slow,
 * and into memory that is used again.
 *
 * Measured with a consumer that reads what no longer is in the tail cache, a megabyte at a time: a read on the loop into used
 * memory takes a quarter of the processor time of one through the pool into fresh memory. Half of the difference is the
 * pool's hand-over, half are page faults and the collections that so much fresh memory brings about.
 */
import type { Clock, DiskFile } from '@odradek/platform'
import { DiskPace } from './group-commit.ts'
import { type LentMemory, MemoryBlocks } from './memory-blocks.ts'

/** A longer read goes to the pool, as do those that would keep one turn of the loop for longer than so many bytes. */
const turnBytesMax = 4 * 1024 * 1024

/** A read that somebody wants: answered with the count of bytes, less than asked for only at the file's end. */
export interface WantedRead {
  readonly file: DiskFile
  readonly target: Buffer
  readonly position: number
}

/** One for all logs of a disk. */
export class FileReader {
  readonly #clock: Clock
  readonly #pace: DiskPace
  readonly #blocks = new MemoryBlocks()
  #turnBytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#pace = new DiskPace(clock)
  }

  memory(byteLength: number): LentMemory {
    return this.#blocks.lend(byteLength) ?? { bytes: Buffer.allocUnsafeSlow(byteLength), release() {} }
  }

  /**
   * Carries out a procedure's reads one after the other, on the loop where it can. Throws or rejects with what the procedure
   * makes of their errors.
   */
  run<T>(procedure: Generator<WantedRead, T, number>): T | Promise<T> {
    let step = procedure.next()
    while (!step.done) {
      let read: number | Promise<number>
      try {
        read = this.#read(step.value)
      } catch (error) {
        step = procedure.throw(error)
        continue
      }
      if (typeof read !== 'number') return this.#runLater(procedure, read)
      step = procedure.next(read)
    }
    return step.value
  }

  async #runLater<T>(procedure: Generator<WantedRead, T, number>, first: Promise<number>): Promise<T> {
    let read: number | Promise<number> = first
    for (;;) {
      const count = await settle(read)
      const step = count instanceof Error ? procedure.throw(count) : procedure.next(count)
      if (step.done) return step.value
      try {
        read = this.#read(step.value)
      } catch (error) {
        read = Promise.reject(error)
      }
    }
  }

  #read({ file, target, position }: WantedRead): number | Promise<number> {
    const begun = this.#turnBytes + target.length > turnBytesMax ? -1 : this.#pace.begin()
    if (begun < 0) return file.read(target, position)
    if (this.#turnBytes === 0) {
      this.#clock.soon(() => {
        this.#turnBytes = 0
      })
    }
    this.#turnBytes += target.length
    const count = file.readSync(target, position)
    this.#pace.wrote(begun)
    return count
  }
}

async function settle(read: number | Promise<number>): Promise<number | Error> {
  try {
    return await read
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
