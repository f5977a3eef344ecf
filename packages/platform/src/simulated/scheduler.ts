import { ProcessDied } from './process.ts'
import type { Trace } from './trace.ts'

export interface ScheduledEvent {
  cancel(): void
}

/** Events between two turns of the real loop: its timers (a test's time limit) must come to their right now and then. */
const eventsPerTurn = 4096

/**
 * Virtual time: one heap of events ordered by (time, sequence). Between two events all microtasks drain, so that whatever an
 * event set going has come to rest, or waits for another event, before the next one.
 *
 * The drain is a hop over `process.nextTick` from within a microtask: Node runs it when, and only when, no microtask is left,
 * without a turn of its loop. It costs a fraction of a microsecond; a hop over setImmediate or a MessageChannel costs several.
 */
export class Scheduler {
  readonly #trace: Trace
  readonly #heap: Event[] = []
  #sequence = 0
  #nowMs = 0
  #isRunning = false
  #eventsDone = 0

  constructor(trace: Trace) {
    this.#trace = trace
  }

  /** Milliseconds since the simulation began, fractional. */
  get nowMs(): number {
    return this.#nowMs
  }

  get eventsDone(): number {
    return this.#eventsDone
  }

  at(timeMs: number, label: string, callback: () => void): ScheduledEvent {
    const event = new Event(Math.max(timeMs, this.#nowMs), this.#sequence++, label, callback)
    push(this.#heap, event)
    return event
  }

  /** Runs until the condition holds between two events, or time is `limitMs`, or nothing is left. True when it holds. */
  async run(limitMs: number, condition: () => boolean): Promise<boolean> {
    if (this.#isRunning) throw new Error('the simulation runs already: events must not run it')
    this.#isRunning = true
    const restoreListeners = ignoreTheDead()
    try {
      await drainMicrotasks()
      while (!condition()) {
        const next = this.#next(limitMs)
        if (next === null) return false
        this.#execute(next)
        if (this.#eventsDone % eventsPerTurn === 0) await turnOfTheLoop()
        await drainMicrotasks()
      }
      return true
    } finally {
      // Node reports unhandled rejections when its queues are empty: only then may the listener go.
      await turnOfTheLoop()
      restoreListeners()
      this.#isRunning = false
    }
  }

  /** Takes the next event that is due by the limit, and sets the time to it, or to the limit. */
  #next(limitMs: number): Event | null {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.timeMs > limitMs) {
        if (Number.isFinite(limitMs)) this.#nowMs = Math.max(this.#nowMs, limitMs)
        return null
      }
      pop(this.#heap)
      if (first.callback === null) continue
      this.#nowMs = first.timeMs
      return first
    }
  }

  #execute(event: Event): void {
    this.#eventsDone++
    this.#trace.number(event.timeMs)
    this.#trace.text(event.label)
    try {
      event.callback?.()
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error
    }
  }
}

class Event implements ScheduledEvent {
  readonly timeMs: number
  readonly sequence: number
  readonly label: string
  callback: (() => void) | null

  constructor(timeMs: number, sequence: number, label: string, callback: () => void) {
    this.timeMs = timeMs
    this.sequence = sequence
    this.label = label
    this.callback = callback
  }

  cancel(): void {
    this.callback = null
  }
}

function drainMicrotasks(): Promise<void> {
  return Promise.resolve().then(() => new Promise(resolve => process.nextTick(resolve)))
}

function turnOfTheLoop(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/**
 * A process that dies in the middle of a call leaves promises behind that nobody can await. Who listens for unhandled
 * rejections (node:test does, and fails the test) hears of all others. Returns what puts everything back.
 */
function ignoreTheDead(): () => void {
  const listeners = process.listeners('unhandledRejection')
  const filter = (reason: unknown, promise: Promise<unknown>) => {
    if (reason instanceof ProcessDied) return
    if (listeners.length === 0) throw reason
    for (const listener of listeners) listener.call(process, reason, promise)
  }
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', filter)
  return () => {
    process.off('unhandledRejection', filter)
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.sequence < other.sequence)
}

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(event, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let below = at * 2 + 1
    let child = heap[below]
    if (child === undefined) break
    const right = heap[below + 1]
    if (right !== undefined && isBefore(right, child)) {
      child = right
      below++
    }
    if (!isBefore(child, last)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
