/** What a frame gets before its bytes are there. */
const firstAllocationBytesMax = 2 * 1024 * 1024

/** The stream is no sequence of frames, or of one that is larger than allowed. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

export interface FrameAssemblerOptions {
  /** For the error's text: what sets the limit. */
  readonly limitName?: string
  /** Memory of exactly so many bytes for a frame that begins with these; null where it shall have its own. */
  readonly memory?: (byteLength: number, firstBytes: Buffer) => Buffer | null
}

/**
 * Cuts a byte stream into frames: int32 size, then as many bytes.
 *
 * A frame that lies whole in a chunk is handed out as a view of it, or as a copy where the chunk is only lent. A larger frame
 * gets memory of its own and the chunks are copied into it. That memory starts small and doubles as the bytes come in: who
 * only claims a hundred megabytes gets two.
 */
export class FrameAssembler {
  readonly #frameBytesMax: number
  readonly #options: FrameAssemblerOptions
  /** The size prefix, where a chunk ended within it. */
  readonly #prefix = Buffer.alloc(4)
  #prefixBytes = 0
  /** The frame under way: null between two frames. */
  #frame: Buffer | null = null
  #frameBytes = 0
  #frameFilled = 0

  constructor(frameBytesMax: number, options: FrameAssemblerOptions = {}) {
    this.#frameBytesMax = frameBytesMax
    this.#options = options
  }

  /** Whether the stream stands within a frame. */
  get isMidFrame(): boolean {
    return this.#frame !== null || this.#prefixBytes > 0
  }

  /**
   * Adds the frames that are complete now to `frames`. Of a chunk that is only borrowed for the call they are copies.
   * Throws FrameError; the stream is of no use after it.
   */
  push(chunk: Buffer, frames: Buffer[], isBorrowed = false): void {
    let at = this.#frame === null ? 0 : this.#fill(chunk, 0, frames)
    while (at < chunk.length) {
      if (this.#prefixBytes > 0 || chunk.length - at < 4) {
        const taken = Math.min(4 - this.#prefixBytes, chunk.length - at)
        chunk.copy(this.#prefix, this.#prefixBytes, at, at + taken)
        this.#prefixBytes += taken
        at += taken
        if (this.#prefixBytes < 4) return
        this.#prefixBytes = 0
        this.#frameBytes = this.#checkedSize(this.#prefix.readInt32BE(0))
      } else {
        this.#frameBytes = this.#checkedSize(chunk.readInt32BE(at))
        at += 4
      }
      if (chunk.length - at >= this.#frameBytes) {
        const frame = chunk.subarray(at, at + this.#frameBytes)
        frames.push(isBorrowed ? this.#copy(frame) : frame)
        at += this.#frameBytes
      } else {
        this.#frame = this.#memory(chunk.subarray(at))
        this.#frameFilled = 0
        at = this.#fill(chunk, at, frames)
      }
    }
  }

  #memory(firstBytes: Buffer): Buffer {
    const given = this.#options.memory?.(this.#frameBytes, firstBytes) ?? null
    return given ?? Buffer.allocUnsafeSlow(Math.min(this.#frameBytes, firstAllocationBytesMax))
  }

  #copy(frame: Buffer): Buffer {
    const memory = this.#options.memory?.(frame.length, frame)
    if (memory === undefined || memory === null) return Buffer.from(frame)
    frame.copy(memory)
    return memory
  }

  /** Copies into the frame under way; returns where its bytes ended in the chunk. */
  #fill(chunk: Buffer, at: number, frames: Buffer[]): number {
    let frame = this.#frame
    if (frame === null) return at
    const taken = Math.min(this.#frameBytes - this.#frameFilled, chunk.length - at)
    const needed = this.#frameFilled + taken
    if (needed > frame.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#frameBytes, Math.max(frame.length * 2, needed)))
      frame.copy(larger, 0, 0, this.#frameFilled)
      frame = larger
      this.#frame = larger
    }
    chunk.copy(frame, this.#frameFilled, at, at + taken)
    this.#frameFilled = needed
    if (needed === this.#frameBytes) {
      frames.push(frame)
      this.#frame = null
    }
    return at + taken
  }

  #checkedSize(size: number): number {
    if (size < 0) throw new FrameError(`a frame claims a size of ${size} bytes`)
    if (size > this.#frameBytesMax) {
      throw new FrameError(
        `a frame of ${size} bytes is larger than ${this.#options.limitName ?? 'the limit'} (${this.#frameBytesMax})`,
      )
    }
    return size
  }
}
