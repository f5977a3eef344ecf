/**
 * Something went wrong that a person can put right: the message says what happened and what to do. Answers to clients are
 * error codes, never this; bugs are plain Errors.
 */
export class OdradekError extends Error {
  /** For programs: kebab-case, stable. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OdradekError'
    this.code = code
  }
}
