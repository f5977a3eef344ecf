/** Large enough that a busy log is few blocks, small enough that the last, half-empty one does not matter. */
const blockBytes = 256 * 1024
/** Most files of a broker are tiny (checkpoints, fresh indexes): the first block starts here and doubles. */
const firstBlockBytesMin = 512

/**
 * A file's bytes as a list of blocks, so that appending copies only what is appended.
 *
 *     blocks   [ 0 .. 256K ) [ 256K .. 512K )  hole  [ 768K .. )
 *     size     ------------------------------------------^
 *
 * A hole (never written, or behind a truncation that made the file longer) reads as zeros and takes no memory. All bytes of
 * a block behind `size` are zero, so that growing needs no cleaning.
 */
export class BlockBytes {
  #blocks: (Buffer | undefined)[] = []
  #size = 0
  #allocatedBytes = 0

  get size(): number {
    return this.#size
  }

  /** Memory that the blocks take. */
  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** How much more memory a write would take. */
  bytesNeeded(length: number, position: number): number {
    let needed = 0
    const end = position + length
    for (let index = Math.floor(position / blockBytes); index * blockBytes < end; index++) {
      const have = this.#blocks[index]?.length ?? 0
      const want = blockLength(index, Math.min(end - index * blockBytes, blockBytes))
      if (want > have) needed += want - have
    }
    return needed
  }

  /** Returns the count of bytes read: less than the target holds only at the end. */
  read(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.#size)
    let at = position
    while (at < end) {
      const index = Math.floor(at / blockBytes)
      const from = at - index * blockBytes
      const to = Math.min(end - index * blockBytes, blockBytes)
      const block = this.#blocks[index]
      const filled = block === undefined ? from : Math.min(Math.max(block.length, from), to)
      if (block !== undefined) target.set(block.subarray(from, filled), at - position)
      if (filled < to) target.fill(0, at - position + filled - from, at - position + to - from)
      at = index * blockBytes + to
    }
    return Math.max(0, end - position)
  }

  write(chunk: Uint8Array, position: number): void {
    const end = position + chunk.length
    let at = position
    while (at < end) {
      const index = Math.floor(at / blockBytes)
      const from = at - index * blockBytes
      const to = Math.min(end - index * blockBytes, blockBytes)
      this.#block(index, to).set(chunk.subarray(at - position, at - position + to - from), from)
      at = index * blockBytes + to
    }
    if (end > this.#size && chunk.length > 0) this.#size = end
  }

  /** Growing leaves a hole. */
  truncate(size: number): void {
    if (size < this.#size) {
      const count = Math.ceil(size / blockBytes)
      for (const block of this.#blocks.splice(count)) this.#allocatedBytes -= block?.length ?? 0
      const tail = size - (count - 1) * blockBytes
      this.#blocks[count - 1]?.fill(0, tail)
    }
    this.#size = size
  }

  copy(): BlockBytes {
    const copy = new BlockBytes()
    copy.#blocks = this.#blocks.map(block => (block === undefined ? undefined : Buffer.from(block)))
    copy.#size = this.#size
    copy.#allocatedBytes = this.#allocatedBytes
    return copy
  }

  /** The block, long enough to be written up to `to`. */
  #block(index: number, to: number): Buffer {
    const present = this.#blocks[index]
    if (present !== undefined && present.length >= to) return present
    const block = Buffer.alloc(blockLength(index, to))
    if (present !== undefined) block.set(present)
    this.#allocatedBytes += block.length - (present?.length ?? 0)
    while (this.#blocks.length < index) this.#blocks.push(undefined)
    this.#blocks[index] = block
    return block
  }
}

/** Only the first block starts small; a file that outgrew it is worth whole blocks. */
function blockLength(index: number, needed: number): number {
  if (index > 0) return blockBytes
  let length = firstBlockBytesMin
  while (length < needed) length *= 2
  return length
}
