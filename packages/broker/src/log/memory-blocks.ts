/** Memory that is used again and again: fresh memory of a megabyte costs page faults, and collections when it is gone. */

/** Fits a request of a megabyte, and what consumers ask of a partition by default (1 MiB) with the slack before it. */
const blockBytes = 1024 * 1024 + 32 * 1024
/** Less is not worth a block. */
const smallestBytes = 64 * 1024
/** Idle memory that is kept: 8 MB. */
const idleBlocksMax = 8

export interface LentMemory {
  readonly bytes: Buffer
  /** Call once, when nobody looks at the bytes any more. Never calling it is safe: then the collector takes them. */
  release(): void
}

export class MemoryBlocks {
  readonly #idle: Buffer[] = []

  /** Null where a block does not fit or is not worth it. */
  lend(byteLength: number): LentMemory | null {
    if (byteLength < smallestBytes || byteLength > blockBytes) return null
    // Its own memory, not a part of Node's shared pool: it may live long.
    const block = this.#idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes)
    let isReleased = false
    return {
      bytes: block.subarray(0, byteLength),
      release: () => {
        if (isReleased) throw new Error('lent memory was released twice')
        isReleased = true
        if (this.#idle.length < idleBlocksMax) this.#idle.push(block)
      },
    }
  }
}
