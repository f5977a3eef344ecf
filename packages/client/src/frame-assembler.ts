/** Cuts a byte stream into Kafka's frames: int32 length, then that many bytes. Frames may share memory with the chunks. */
export class FrameAssembler {
  readonly #onFrame: (frame: Buffer) => void
  #chunks: Buffer[] = []
  #byteLength = 0
  #needed = 4

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#byteLength += chunk.length
    if (this.#byteLength < this.#needed) return
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#byteLength)
    while (rest.length >= 4 && rest.length >= rest.readInt32BE(0) + 4) {
      const end = rest.readInt32BE(0) + 4
      this.#onFrame(rest.subarray(4, end))
      rest = rest.subarray(end)
    }
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#byteLength = rest.length
    this.#needed = rest.length >= 4 ? rest.readInt32BE(0) + 4 : 4
  }
}
