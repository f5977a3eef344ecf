import type { Clock, Random } from '@odradek/platform'
import type { BrokerRegistration, ClusterChange } from '../core/cluster/cluster-change.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import type { Logger } from '../logger.ts'
import { BrokerSession } from './broker-session.ts'
import { ClusterController } from './cluster-controller.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { ControllerElection } from './controller-election.ts'
import { foundation } from './foundation.ts'
import type { MetadataStore } from './metadata-store.ts'

/** A broker's place in its cluster. */
export interface Membership {
  /** Whether the cluster cannot take this broker for gone. */
  readonly isAlive: boolean
  /** Of the registration; -1 while there is none. */
  readonly epoch: number
  /** Registers. Resolves to the cluster's id once the broker is in the image. */
  join(registration: BrokerRegistration): Promise<string>
  /** Lets others lead what this broker leads, as far as they can, before it stops. */
  handOver(): Promise<void>
  leave(): Promise<void>
}

export interface MembershipOptions {
  readonly metadata: ClusterMetadata
  readonly config: BrokerConfig
  readonly random: Random
  readonly brokerId: number
  /** Demanded of an existing cluster; for one that is founded now its id, by chance where it is left out. */
  readonly clusterId?: string | undefined
}

/** The only broker that can be: it is registered for good, and the controller. */
export class SoleMembership implements Membership {
  readonly #options: MembershipOptions
  readonly isAlive = true

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  get epoch(): number {
    return epochIn(this.#options)
  }

  async join(registration: BrokerRegistration): Promise<string> {
    const { metadata, brokerId } = this.#options
    const founding = foundation(metadata.image, this.#options)
    for (;;) {
      const changes: ClusterChange[] = [
        ...(metadata.image.clusterId === '' ? founding : []),
        { kind: 'broker', brokerId, value: registration },
        { kind: 'controller', value: { brokerId } },
      ]
      if ((await metadata.commit(changes)) === 'committed') return metadata.image.clusterId
    }
  }

  async handOver(): Promise<void> {}

  async leave(): Promise<void> {}
}

export interface ClusterMembershipOptions extends MembershipOptions {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly logger: Logger
  /** How long the cluster waits for a sign of life. */
  readonly ttlMs: number
  readonly wasCleanShutdown: boolean
  readonly onRegistered: () => void
  readonly onLost: () => void
}

/** How long a broker that stops waits for others to take over: what nobody else can lead then stops with it. */
const handOverMs = 10_000

/** One of several brokers on a store that they share: registered under a lease, and a candidate for controller. */
export class ClusterMembership implements Membership {
  readonly #options: ClusterMembershipOptions
  /** The controller's. */
  readonly #view: ClusterMetadata
  readonly #newSession: (registration: BrokerRegistration) => BrokerSession
  readonly #election: ControllerElection
  readonly #controller: ClusterController
  #session: BrokerSession | null = null

  constructor(options: ClusterMembershipOptions) {
    const { store, metadata, config, clock, logger, brokerId, ttlMs, wasCleanShutdown } = options
    this.#options = options
    // A disk of this broker that does not answer holds up its own partitions, but must not hold up the cluster's.
    const view = metadata.fork()
    this.#view = view
    this.#election = new ControllerElection({ metadata: view, clock, brokerId, logger })
    this.#controller = new ClusterController({ metadata: view, config, clock, brokerId, logger })
    this.#newSession = registration =>
      new BrokerSession({
        store,
        metadata,
        config,
        clock,
        logger,
        brokerId,
        registration,
        ttlMs,
        afterUncleanShutdown: !wasCleanShutdown,
        ownsStore: false,
        onRegistered: ({ lease }) => {
          options.onRegistered()
          this.#election.stand(lease)
        },
        onLost: () => {
          this.#election.withdraw()
          options.onLost()
        },
      })
  }

  get isAlive(): boolean {
    return this.#session?.isAlive ?? false
  }

  get epoch(): number {
    return this.#session?.epoch ?? -1
  }

  async join(registration: BrokerRegistration): Promise<string> {
    await this.#controller.start()
    await this.#election.start()
    this.#session = this.#newSession(registration)
    await this.#session.start()
    return this.#options.metadata.image.clusterId
  }

  async handOver(): Promise<void> {
    if (this.#options.config.boolean('controlled.shutdown.enable')) await this.#session?.shutDown(handOverMs)
  }

  async leave(): Promise<void> {
    this.#election.close()
    this.#controller.close()
    this.#view.close()
    await this.#session?.close()
  }
}

function epochIn({ metadata, brokerId }: MembershipOptions): number {
  return metadata.image.brokers.get(brokerId)?.epoch ?? -1
}
