import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import type { ClusterChange } from '../../core/cluster/cluster-change.ts'
import type { PartitionImage } from '../../core/cluster/cluster-image.ts'
import { BrokerConfig } from '../../core/config/broker-config.ts'
import { silentLogger } from '../../logger.ts'
import { BrokerSession, type BrokerSessionOptions } from '../broker-session.ts'
import { ClusterController } from '../cluster-controller.ts'
import { ClusterMetadata } from '../cluster-metadata.ts'
import { ControllerElection } from '../controller-election.ts'
import { LocalStore } from '../local-store.ts'
import { PausableClock, StoreLink } from './store-link.ts'

export const ttlMs = 9000

/** Brokers, as far as the metadata goes, on one store that outlives them all, each with a machine and a clock of its own. */
export class Brokers {
  readonly simulation: Simulation
  readonly store: LocalStore
  /** As somebody sees the cluster whom no fault befalls. */
  readonly metadata: ClusterMetadata

  private constructor(simulation: Simulation, store: LocalStore, metadata: ClusterMetadata) {
    this.simulation = simulation
    this.store = store
    this.metadata = metadata
  }

  static async open(seed: number | string, changes: readonly ClusterChange[] = []): Promise<Brokers> {
    const simulation = createSimulation({ seed })
    const { disk, clock } = simulation.platform('store')
    const { store } = await simulation.settle(LocalStore.open({ disk, clock, path: '/metadata' }))
    const metadata = await simulation.settle(ClusterMetadata.open(store))
    if (changes.length > 0) await simulation.settle(metadata.commit(changes))
    return new Brokers(simulation, store, metadata)
  }

  /** A broker that is registered, and stands for controller. */
  async start(brokerId: number, options: Partial<BrokerSessionOptions> = {}): Promise<TestBroker> {
    const broker = await this.open(brokerId, options)
    await this.simulation.settle(broker.session.start())
    return broker
  }

  /** A broker that has not begun to register. */
  async open(brokerId: number, options: Partial<BrokerSessionOptions> = {}): Promise<TestBroker> {
    const link = new StoreLink(this.store)
    const clock = new PausableClock(this.simulation.platform(`broker ${brokerId}`).clock)
    const metadata = await this.simulation.settle(ClusterMetadata.open(link))
    const config = new BrokerConfig({ 'node.id': String(brokerId) })
    const logger = silentLogger
    const view = metadata.fork()
    const election = new ControllerElection({ metadata: view, clock, brokerId, logger })
    const controller = new ClusterController({ metadata: view, config, clock, brokerId, logger })
    const epochs: number[] = []
    let losses = 0
    const session = new BrokerSession({
      store: link,
      metadata,
      config,
      clock,
      logger,
      brokerId,
      registration: { rack: null, endpoints: [] },
      ttlMs,
      afterUncleanShutdown: false,
      ownsStore: false,
      onRegistered({ lease, epoch }) {
        epochs.push(epoch)
        election.stand(lease)
      },
      onLost() {
        losses++
        election.withdraw()
      },
      ...options,
    })
    await this.simulation.settle(Promise.all([controller.start(), election.start()]))
    return {
      brokerId,
      link,
      metadata,
      session,
      epochs,
      losses: () => losses,
      pause() {
        link.cut()
        clock.pause()
      },
      resume() {
        link.heal()
        clock.resume()
      },
      kill() {
        link.cut()
        clock.pause()
        election.close()
        controller.close()
      },
      async stop() {
        await session.close()
        election.close()
        controller.close()
      },
    }
  }

  partition(topic: string, index = 0): PartitionImage | undefined {
    return this.metadata.image.topics.get(topic)?.partitions[index]
  }
}

export interface TestBroker {
  readonly brokerId: number
  readonly link: StoreLink
  readonly metadata: ClusterMetadata
  readonly session: BrokerSession
  /** One for each time that it was registered. */
  readonly epochs: readonly number[]
  losses(): number
  /** As SIGSTOP does it: the process does nothing and hears nothing. */
  pause(): void
  resume(): void
  /** kill -9: nobody hears from it again. */
  kill(): void
  stop(): Promise<void>
}
