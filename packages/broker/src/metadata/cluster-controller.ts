import type { Clock, Timer } from '@odradek/platform'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import { type ClusterImage, isInternalTopic, type TopicImage } from '../core/cluster/cluster-image.ts'
import { decideFailover } from '../core/cluster/failover.ts'
import { followConfig } from '../core/cluster/follow-config.ts'
import { decideInternalTopicReplication } from '../core/cluster/internal-topic-replication.ts'
import { decidePreferredLeaders } from '../core/cluster/preferred-leaders.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import type { Logger } from '../logger.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { MetadataStoreError } from './metadata-store.ts'

/** Between a failure of the store and the next try. */
const retryMs = 1000

/**
 * The controller's standing work, while this broker is the controller: brokers that went get successors, partitions without
 * a leader get one from the brokers that came, leadership goes back to the preferred leaders from time to time, internal
 * topics get their copies.
 *
 * Invariant: whatever changed since the last look is in `#pending` until a look at an image that shows the change has left
 * nothing to do. What is decided depends on the image alone, so two brokers that both take themselves for the controller
 * decide the same, and the store lets one of them through.
 */
export class ClusterController {
  readonly #metadata: ClusterMetadata
  /** As of the image that this controller sees: the broker may apply it later. */
  readonly #config: BrokerConfig
  readonly #clock: Clock
  readonly #brokerId: number
  readonly #logger: Logger
  /** Ids of topics to look at; of all topics, after a change that may concern any of them. */
  #pending: Set<string> | 'all' = new Set()
  #balanceIsDue = false
  #isWorking = false
  #balanceTimer: Timer | null = null
  #retryTimer: Timer | null = null
  #unsubscribe: () => void = () => {}
  #isClosed = false

  constructor(options: {
    readonly metadata: ClusterMetadata
    readonly config: BrokerConfig
    readonly clock: Clock
    readonly brokerId: number
    readonly logger: Logger
  }) {
    this.#metadata = options.metadata
    this.#config = options.config.fork()
    this.#clock = options.clock
    this.#brokerId = options.brokerId
    this.#logger = options.logger
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#metadata.subscribe((next, previous) => {
      followConfig(this.#config, next, this.#brokerId)
      this.#follow(next, previous)
    })
    this.#scheduleBalance()
  }

  /** What is under way is finished. */
  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    this.#balanceTimer?.cancel()
    this.#retryTimer?.cancel()
  }

  get #isController(): boolean {
    return !this.#isClosed && this.#metadata.image.controllerId === this.#brokerId
  }

  get #hasWork(): boolean {
    return this.#pending === 'all' || this.#pending.size > 0 || this.#balanceIsDue
  }

  #follow(next: ClusterImage, previous: ClusterImage): void {
    if (next.controllerId !== this.#brokerId) {
      // Whoever is the controller now looks at everything; so does this broker when it is its turn.
      this.#pending = 'all'
      return
    }
    // Decisions are made on the image that is published, which this one is only when all have applied it: a look under way would take
    // the change for done without having seen it.
    void this.#metadata.appliedTo(next.revision).then(() => {
      this.#note(next, previous)
      return this.#work()
    })
  }

  #note(next: ClusterImage, previous: ClusterImage): void {
    const concernsAll =
      next.controllerId !== previous.controllerId ||
      next.brokers !== previous.brokers ||
      next.configs !== previous.configs ||
      next.features !== previous.features
    if (concernsAll) this.#pending = 'all'
    if (this.#pending === 'all' || next.topicsById === previous.topicsById) return
    for (const [id, topic] of next.topicsById) if (previous.topicsById.get(id) !== topic) this.#pending.add(id)
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    try {
      while (this.#isController && this.#hasWork) await this.#step()
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error
      this.#logger.error('the controller cannot change the cluster metadata, and will try again', { error })
      this.#pending = 'all'
      this.#retryTimer ??= this.#clock.after(retryMs, () => {
        this.#retryTimer = null
        void this.#work()
      })
    } finally {
      this.#isWorking = false
    }
  }

  async #step(): Promise<void> {
    const { image } = this.#metadata
    if (this.#pending === 'all' || this.#pending.size > 0) {
      const topics = topicsOf(image, this.#pending)
      this.#pending = new Set()
      const changes = decideFailover(image, { config: this.#config, topics })
      await this.#commit('gave partitions new leaders or in-sync replicas', changes)
      if (!topics.some(({ name }) => isInternalTopic(name))) return
      const additions = decideInternalTopicReplication(this.#metadata.image, this.#config)
      await this.#commit('added replicas to internal topics', additions)
    } else {
      const { changes, isComplete } = decidePreferredLeaders(image, { config: this.#config })
      this.#balanceIsDue = !isComplete
      await this.#commit('gave partitions back to their preferred leaders', changes)
    }
  }

  /** What somebody else was faster with is looked at again. */
  async #commit(what: string, changes: readonly ClusterChange[]): Promise<void> {
    const partitions = await this.#metadata.commitInParts(changes, { goesOn: () => this.#isController })
    if (partitions < changes.length) this.#pending = 'all'
    if (partitions > 0) this.#logger.info(what, { partitions })
  }

  #scheduleBalance(): void {
    const delayMs = this.#config.number('leader.imbalance.check.interval.seconds') * 1000
    this.#balanceTimer = this.#clock.after(delayMs, () => {
      this.#balanceIsDue = this.#config.boolean('auto.leader.rebalance.enable')
      void this.#work()
      this.#scheduleBalance()
    })
  }
}

function topicsOf(image: ClusterImage, ids: ReadonlySet<string> | 'all'): TopicImage[] {
  if (ids === 'all') return [...image.topics.values()]
  return [...ids].map(id => image.topicsById.get(id)).filter(topic => topic !== undefined)
}
