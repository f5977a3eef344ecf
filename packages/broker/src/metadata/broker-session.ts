import type { Clock, Timer } from '@odradek/platform'
import type { BrokerRegistration, ClusterChange } from '../core/cluster/cluster-change.ts'
import { type BrokerEndpoint, type ClusterImage, registrationEpoch } from '../core/cluster/cluster-image.ts'
import { canHandOver, decideUncleanShutdown, partitionsLedBy } from '../core/cluster/failover.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { type MetadataStore, MetadataStoreError, type StoreLease } from './metadata-store.ts'

/** Between a failure of the store and the next try to register. */
const retryMs = 500

/** A store ends leases late, and puts their end off when its own members change places: who is there after that is alive. */
const patienceInLeases = 3
const patienceMs = 10_000

export interface BrokerSessionOptions {
  readonly store: MetadataStore
  readonly metadata: ClusterMetadata
  readonly config: BrokerConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly brokerId: number
  readonly registration: BrokerRegistration
  /** How long the cluster waits for a sign of life. */
  readonly ttlMs: number
  /** How long before its lease could end the broker stops leading: more than its timers can be late. */
  readonly marginMs?: number
  /** The last run of this broker did not end well: it takes itself out of all ISRs before it is seen again. */
  readonly afterUncleanShutdown: boolean
  /** The store belongs to this process alone: a registration found in it is left from an earlier run. */
  readonly ownsStore: boolean
  /** The broker is in the image. A new epoch each time. */
  readonly onRegistered: (session: { readonly lease: StoreLease; readonly epoch: number }) => void
  /** From this moment on others may lead what this broker led. Called once for each onRegistered, in time. */
  readonly onLost: () => void
}

/** Under the id of this broker. */
interface OtherRegistration {
  readonly epoch: number
  readonly endpoints: readonly BrokerEndpoint[]
}

/** What has been got so far on the way to being registered. */
interface Hold {
  readonly lease: StoreLease
  /** By the monotonic clock: until then nobody else can think that the lease has ended. */
  surelyUntilMs: number
  /** Null until the broker is in the image. */
  epoch: number | null
  keepAliveTimer: Timer | null
  deadline: Timer | null
}

/**
 * This broker's life in the cluster: registered under a lease that it keeps alive, and after a loss registered anew, with a
 * new lease and a new epoch.
 *
 * Invariant: while `isAlive`, the store cannot have let the lease end. The store counts the ttl from when it got the last
 * keepAlive, which is not before that was sent; so it is counted here from before the sending:
 *
 *   here    send ──────────────── marginMs ──┤ stop leading ┤ surelyUntilMs = send + ttl
 *   store        ╰─► got ──────────────────────────────────────┤ end = got + ttl
 *
 * `isAlive` looks at the clock itself: a process that was paused past the end knows when it goes on, before any timer runs.
 */
export class BrokerSession {
  readonly #options: BrokerSessionOptions
  readonly #marginMs: number
  #hold: Hold | null = null
  #registering: Promise<void> | null = null
  #isCleaned: boolean
  /** Of somebody else's registration that is in the way. */
  #awaited: { readonly epoch: number; readonly sinceMs: number } | null = null
  #wasRegistered = false
  #isLeaving = false
  /** While a registration that lives is written again. */
  #isRewriting = false
  #isClosed = false
  #unsubscribe: () => void = () => {}
  readonly #waitForNews = new Set<() => void>()
  readonly #waitForTime = new Set<() => void>()

  constructor(options: BrokerSessionOptions) {
    this.#options = options
    this.#marginMs = options.marginMs ?? options.ttlMs / 6
    this.#isCleaned = !options.afterUncleanShutdown
  }

  /** Resolves once the broker is registered for the first time. Rejects with OdradekError where another one has its id. */
  async start(): Promise<void> {
    const { metadata } = this.#options
    this.#unsubscribe = await metadata.subscribe(image => {
      this.#follow(image)
      void metadata.appliedTo(image.revision).then(() => wake(this.#waitForNews))
    })
    try {
      await this.#register()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Whether this broker may act as registered: as a leader, above all. */
  get isAlive(): boolean {
    return this.#hold !== null && this.#hold.epoch !== null && this.#isWithinLease(this.#hold)
  }

  /** Of the registration that lives, else null. */
  get epoch(): number | null {
    return this.isAlive ? (this.#hold?.epoch ?? null) : null
  }

  /**
   * Asks to stop: others shall lead. Resolves when they do, as far as they can, or when the time is up: to how many partitions
   * this broker leads still, which `close` leaves without a leader until somebody else may lead them.
   */
  async shutDown(timeoutMs: number): Promise<{ readonly remaining: number }> {
    const { metadata, clock, brokerId, config } = this.#options
    const untilMs = clock.monotonic() + timeoutMs
    this.#isLeaving = true
    await this.#announceLeaving()
    for (;;) {
      const leftMs = untilMs - clock.monotonic()
      if (leftMs <= 0 || this.#isClosed || !canHandOver(metadata.image, { brokerId, config })) {
        return { remaining: partitionsLedBy(metadata.image, brokerId) }
      }
      await this.#wait(leftMs, this.#waitForNews)
    }
  }

  /** Ends the registration now rather than when the lease runs out. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    await this.#end(this.#hold)
    wake(this.#waitForNews)
    wake(this.#waitForTime)
    await this.#registering
    // A lease that was under way.
    await this.#end(this.#hold)
  }

  #isWithinLease({ surelyUntilMs }: Hold): boolean {
    return this.#options.clock.monotonic() < surelyUntilMs - this.#marginMs
  }

  get #isRegistered(): boolean {
    return this.#hold !== null && this.#hold.epoch !== null
  }

  #register(): Promise<void> {
    this.#registering ??= this.#registerNow()
      .finally(() => {
        this.#registering = null
      })
      // What was got can be lost again before this is noticed.
      .then(() => (this.#isRegistered || this.#isClosed ? undefined : this.#register()))
    return this.#registering
  }

  /** Tries until it has worked. */
  async #registerNow(): Promise<void> {
    while (!this.#isClosed && !this.#isRegistered) {
      try {
        const hold = await this.#heldLease()
        if (await this.#isFree(hold)) await this.#write(hold)
      } catch (error) {
        this.#logFailure('cannot register with the cluster, and will try again', error)
        await this.#wait(retryMs, this.#waitForTime)
      }
    }
  }

  async #heldLease(): Promise<Hold> {
    const present = this.#hold
    if (present !== null && this.#isWithinLease(present)) return present
    void this.#end(present)
    const { store, clock, ttlMs } = this.#options
    const sentAtMs = clock.monotonic()
    const lease = await store.lease(ttlMs)
    const surelyUntilMs = sentAtMs + ttlMs
    const hold: Hold = { lease, surelyUntilMs, epoch: null, keepAliveTimer: null, deadline: null }
    this.#hold = hold
    this.#planKeepAlive(hold, ttlMs / 3)
    this.#planDeadline(hold)
    return hold
  }

  /** Nobody is registered under this id; an earlier run of this broker may be, until its lease ends. */
  async #isFree(hold: Hold): Promise<boolean> {
    const { metadata, brokerId, ownsStore, ttlMs } = this.#options
    const other = metadata.image.brokers.get(brokerId)
    if (!ownsStore && other?.fenced === false) {
      if (this.#hasLasted(other)) await this.#refuse(other)
      else await this.#wait(ttlMs, this.#waitForNews)
      return false
    }
    if (!this.#isCleaned) await this.#leaveInSyncReplicas()
    return this.#isCleaned && this.#hold === hold && !this.#isClosed
  }

  /** Of an earlier run nothing is left when its lease has ended; what lasts longer is kept alive by somebody. */
  #hasLasted({ epoch, endpoints }: OtherRegistration): boolean {
    const { brokerId, clock, logger, ttlMs } = this.#options
    const nowMs = clock.monotonic()
    if (this.#awaited?.epoch === epoch) {
      return !this.#wasRegistered && nowMs - this.#awaited.sinceMs > ttlMs * patienceInLeases + patienceMs
    }
    this.#awaited = { epoch, sinceMs: nowMs }
    const what =
      'the node id of this broker is registered already, by an earlier run of it or by another process: waiting until that ends'
    logger.warn(what, { brokerId, epoch, address: addressIn(endpoints) })
    return false
  }

  /** Unless it has ended while nothing was heard of the store. */
  async #refuse({ epoch, endpoints }: OtherRegistration): Promise<void> {
    const { metadata, brokerId } = this.#options
    await metadata.refresh()
    if (registrationEpoch(metadata.image, brokerId) !== epoch) return
    throw new OdradekError(
      'node-id-taken',
      `Another broker of this cluster has node id ${brokerId}, at ${addressIn(endpoints)}. Stop that one, or start this one with another data directory and without that id (node.id).`,
    )
  }

  /** What the disk has need not be what was acknowledged, so it counts for nothing until it has caught up again. */
  async #leaveInSyncReplicas(): Promise<void> {
    const { metadata, brokerId, config } = this.#options
    const changes = decideUncleanShutdown(metadata.image, { brokerId, config })
    // On a conflict the next round decides again; so it does when nothing was in the way, and has nothing left to do.
    await metadata.commitInParts(changes)
    this.#isCleaned = changes.length === 0
  }

  /** The cluster knows of this broker, and will when it is gone. Written before it is needed, so not under its lease. */
  async #becomeKnown(): Promise<ClusterChange> {
    const { metadata, brokerId, registration } = this.#options
    const value = { rack: registration.rack, endpoints: registration.endpoints }
    const change = { kind: 'known-broker', brokerId, value } as const
    const isNoted = () => JSON.stringify(metadata.image.knownBrokers.get(brokerId)) === JSON.stringify(value)
    while (!isNoted()) await metadata.commit([change])
    return change
  }

  async #write(hold: Hold): Promise<void> {
    const { metadata, brokerId, registration } = this.#options
    const known = await this.#becomeKnown()
    const value = this.#isLeaving ? { ...registration, inControlledShutdown: true } : registration
    const options = { lease: hold.lease, alsoUnchanged: [known] }
    let isCommitted = false
    try {
      isCommitted = (await metadata.commit([{ kind: 'broker', brokerId, value }], options)) === 'committed'
    } finally {
      // Somebody registered under this id or took it out of the cluster, or the lease has ended: a new one cannot do harm.
      // Or the store has not answered: if it has done it, or does so yet, this lease would keep this broker out of its own place.
      if (!isCommitted) void this.#end(hold)
    }
    if (!isCommitted) return
    const epoch = registrationEpoch(metadata.image, brokerId)
    if (this.#hold !== hold || epoch === null || !this.#isWithinLease(hold)) return
    hold.epoch = epoch
    this.#wasRegistered = true
    this.#options.logger.info('registered with the cluster', { brokerId, epoch })
    this.#options.onRegistered({ lease: hold.lease, epoch })
  }

  /** The registration is written again, and so has a new epoch. */
  async #announceLeaving(): Promise<void> {
    const { metadata, brokerId, registration } = this.#options
    const hold = this.#hold
    if (hold === null || hold.epoch === null) return
    this.#isRewriting = true
    try {
      const value = { ...registration, inControlledShutdown: true }
      const outcome = await metadata.commit([{ kind: 'broker', brokerId, value }], { lease: hold.lease })
      const epoch = registrationEpoch(metadata.image, brokerId)
      if (outcome === 'committed' && epoch !== null) hold.epoch = epoch
    } catch (error) {
      this.#logFailure('cannot tell the cluster that this broker stops', error)
    } finally {
      this.#isRewriting = false
    }
    this.#follow(metadata.image)
  }

  #follow(image: ClusterImage): void {
    const hold = this.#hold
    if (hold === null || hold.epoch === null || this.#isRewriting) return
    if (registrationEpoch(image, this.#options.brokerId) === hold.epoch) return
    this.#options.logger.warn('the registration of this broker was taken away')
    void this.#end(hold)
    void this.#options.metadata.appliedTo(image.revision).then(() => this.#register())
  }

  #planKeepAlive(hold: Hold, delayMs: number): void {
    hold.keepAliveTimer = this.#options.clock.after(delayMs, () => void this.#keepAlive(hold))
  }

  async #keepAlive(hold: Hold): Promise<void> {
    const { clock, ttlMs } = this.#options
    const sentAtMs = clock.monotonic()
    try {
      await hold.lease.keepAlive()
    } catch (error) {
      if (this.#hold !== hold) return
      this.#logFailure('cannot keep the lease of this broker alive, and will try again', error)
      this.#planKeepAlive(hold, Math.min(retryMs, ttlMs / 10))
      return
    }
    if (this.#hold !== hold) return
    hold.surelyUntilMs = sentAtMs + ttlMs
    this.#planDeadline(hold)
    this.#planKeepAlive(hold, Math.max(0, sentAtMs + ttlMs / 3 - clock.monotonic()))
  }

  #planDeadline(hold: Hold): void {
    const { clock } = this.#options
    hold.deadline?.cancel()
    hold.deadline = clock.after(Math.max(0, hold.surelyUntilMs - this.#marginMs - clock.monotonic()), () => {
      if (this.#hold !== hold) return
      this.#options.logger.warn('the lease of this broker may have ended: it stops leading and registers again')
      void this.#end(hold)
      void this.#register()
    })
  }

  /** From here on the broker is not registered, whatever the store still says; which it shall not say for longer than it must. */
  async #end(hold: Hold | null): Promise<void> {
    if (hold === null || this.#hold !== hold) return
    this.#hold = null
    hold.keepAliveTimer?.cancel()
    hold.deadline?.cancel()
    if (hold.epoch !== null) this.#options.onLost()
    try {
      await hold.lease.revoke()
    } catch (error) {
      this.#logFailure('cannot end the lease of this broker, which ends by itself', error)
    }
  }

  #wait(delayMs: number, waiting: Set<() => void>): Promise<void> {
    return new Promise(resolve => {
      const goOn = () => {
        waiting.delete(goOn)
        timer.cancel()
        resolve()
      }
      const timer = this.#options.clock.after(delayMs, goOn)
      waiting.add(goOn)
    })
  }

  #logFailure(what: string, error: unknown): void {
    if (!(error instanceof MetadataStoreError)) throw error
    this.#options.logger.warn(what, { error })
  }
}

function addressIn([first]: readonly BrokerEndpoint[]): string {
  return first?.advertised ? `${first.advertised.host}:${first.advertised.port}` : 'an address that it does not tell'
}

function wake(waiting: ReadonlySet<() => void>): void {
  for (const goOn of [...waiting]) goOn()
}
