/** The log of one partition of a coordinator's topic, as far as a coordinator needs it. Promises never reject. */
export interface CoordinatorLog {
  /** Nothing was ever appended, or nothing is left: no need to replay. */
  readonly isEmpty: boolean
  /** A larger batch is refused (`max.message.bytes`). */
  readonly batchBytesMax: number
  /**
   * Appends whole batches, one behind the other in a buffer that is the log's from now on. NONE when they are committed;
   * with another error code nothing of them will be read.
   */
  append(batches: Buffer): number | Promise<number>
  /** Hands out all that is committed, in order, as buffers of whole batches. NONE, or why it could not. */
  replay(onBatches: (batches: Buffer) => void): number | Promise<number>
}
