/** Time as the broker sees it. All times are milliseconds. */
export interface Clock {
  /** Wall clock: milliseconds since 1970, whole, may jump. What goes into records and logs. */
  now(): number
  /** Never goes back, fractional. What durations and deadlines are measured with. */
  monotonic(): number
  /** Calls back once, not before `delayMs` (>= 0) have passed. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls back in the next turn of the loop, after the I/O that is ready now. */
  soon(callback: () => void): void
}

export interface Timer {
  /** Idempotent; no call comes after it. */
  cancel(): void
}
