/** Bytes that claim to be record batches and are not: a length that cannot be, a broken record, a failed codec. */
export class RecordsError extends Error {
  override readonly name = 'RecordsError'
  /** Where in the buffer the batch starts. */
  readonly position: number

  constructor(message: string, { position, cause }: { position: number; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.position = position
  }
}
