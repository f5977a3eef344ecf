import type { Clock, Timer } from '@odradek/platform'
import { type MetadataStore, type StoreChangeSet, type StoreLease, StoreUnreachableError } from '../metadata-store.ts'

/**
 * A broker's way to a store that several share. The faults that it may inject, since brokers must survive them: while it is
 * cut, calls fail after they were or were not carried out, and changes are heard of only once it is whole again; or only those are late.
 */
export class StoreLink implements MetadataStore {
  readonly #store: MetadataStore
  #isCut = false
  #isWatchLate = false
  #held: (() => void)[] = []

  constructor(store: MetadataStore) {
    this.#store = store
  }

  get changesMax(): number {
    return this.#store.changesMax
  }

  cut(): void {
    this.#isCut = true
  }

  /** Calls are answered. */
  holdChanges(): void {
    this.#isWatchLate = true
  }

  heal(): void {
    this.#isCut = false
    this.#isWatchLate = false
    const held = this.#held
    this.#held = []
    for (const deliver of held) deliver()
  }

  read() {
    return this.#over(() => this.#store.read())
  }

  commit(...args: Parameters<MetadataStore['commit']>) {
    return this.#over(() => this.#store.commit(...args))
  }

  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void {
    return this.#store.watch(fromRevision, changes => {
      if (this.#isCut || this.#isWatchLate || this.#held.length > 0) this.#held.push(() => onChange(changes))
      else onChange(changes)
    })
  }

  async lease(ttlMs: number): Promise<StoreLease> {
    const lease = await this.#over(() => this.#store.lease(ttlMs))
    return {
      id: lease.id,
      keepAlive: () => this.#over(() => lease.keepAlive()),
      revoke: () => this.#over(() => lease.revoke()),
    }
  }

  async close(): Promise<void> {}

  async #over<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isCut) throw new StoreUnreachableError('the store cannot be reached')
    const result = await call()
    if (this.#isCut) throw new StoreUnreachableError('the connection to the store was lost')
    return result
  }
}

/** The clock of a process that can be stopped, as by SIGSTOP: time goes on, and what was due comes all at once later. */
export class PausableClock implements Clock {
  readonly #clock: Clock
  #isPaused = false
  readonly #due: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (const callback of this.#due.splice(0)) callback()
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false
    const run = () => {
      if (isCancelled) return
      if (this.#isPaused) this.#due.push(run)
      else callback()
    }
    const timer = this.#clock.after(delayMs, run)
    return {
      cancel() {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }
}
