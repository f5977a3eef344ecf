import type { Clock, Timer } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { MetadataStoreError, type StoreLease } from './metadata-store.ts'

const noController = -1

/** Between a try that came to nothing and the next, while there still is no controller. */
const retryMs = 500

/**
 * Makes this broker the controller whenever there is none: the first broker that writes the key `controller` is it, for as
 * long as its lease lives. Whether it is, the image says.
 */
export class ControllerElection {
  readonly #metadata: ClusterMetadata
  readonly #clock: Clock
  readonly #brokerId: number
  readonly #logger: Logger
  /** Null while this broker does not stand. */
  #lease: StoreLease | null = null
  #isTrying = false
  #retryTimer: Timer | null = null
  #unsubscribe: () => void = () => {}

  constructor(options: {
    readonly metadata: ClusterMetadata
    readonly clock: Clock
    readonly brokerId: number
    readonly logger: Logger
  }) {
    this.#metadata = options.metadata
    this.#clock = options.clock
    this.#brokerId = options.brokerId
    this.#logger = options.logger
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#metadata.subscribe(({ controllerId, revision }) => {
      if (controllerId !== noController) return
      // A commit waits for the image that it stands on, so it cannot be made while that is being applied.
      void this.#metadata.appliedTo(revision).then(() => this.#try())
    })
  }

  /** From now on this broker stands, under that lease: again and again until `withdraw`. */
  stand(lease: StoreLease): void {
    this.#lease = lease
    void this.#try()
  }

  /** Its lease is lost: what it held goes with it. */
  withdraw(): void {
    this.#lease = null
    this.#retryTimer?.cancel()
    this.#retryTimer = null
  }

  close(): void {
    this.withdraw()
    this.#unsubscribe()
  }

  async #try(): Promise<void> {
    const lease = this.#lease
    if (lease === null || this.#isTrying || this.#metadata.image.controllerId !== noController) return
    this.#isTrying = true
    try {
      const claim = { kind: 'controller', value: { brokerId: this.#brokerId } } as const
      if ((await this.#metadata.commit([claim], { lease })) === 'committed') {
        this.#logger.info('this broker is the controller')
      }
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error
      this.#logger.warn('cannot become the controller, and will try again', { error })
    } finally {
      this.#isTrying = false
    }
    // Somebody else's claim shows in the image; without one it was the lease or the store that failed.
    if (this.#lease === null || this.#metadata.image.controllerId !== noController) return
    this.#retryTimer ??= this.#clock.after(retryMs, () => {
      this.#retryTimer = null
      void this.#try()
    })
  }
}
