/** Bytes from outside that are not what they claim to be. The only error that decoding throws. */
export class DecodeError extends Error {
  /** Name and version of the message, empty when it is not known. */
  readonly subject: string
  /** Of the field, as in `topics[3].partitions[0].index`; empty for the message itself. */
  readonly path: string
  /** In the reader's buffer. */
  readonly offset: number

  constructor(problem: string, at: { subject?: string; path?: string; offset: number }) {
    super(`${[at.subject, at.path, problem].filter(Boolean).join(': ')} (at byte ${at.offset})`)
    this.name = 'DecodeError'
    this.subject = at.subject ?? ''
    this.path = at.path ?? ''
    this.offset = at.offset
  }
}

/** A value that the wanted version of a message cannot carry: a bug of the caller. */
export class EncodeError extends Error {
  readonly subject: string
  readonly path: string

  constructor(problem: string, at: { subject: string; path: string }) {
    super([at.subject, at.path, problem].filter(Boolean).join(': '))
    this.name = 'EncodeError'
    this.subject = at.subject
    this.path = at.path
  }
}
