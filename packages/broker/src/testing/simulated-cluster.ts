import { ClusterClient } from '@odradek/client'
import { createSimulation, type SimulatedMachine, type Simulation } from '@odradek/platform/simulated'
import { type Broker, createBroker } from '../broker.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { LocalStore } from '../metadata/local-store.ts'
import { StoreLink } from '../metadata/testing/store-link.ts'

export interface RunningMember {
  readonly broker: Broker
  /** Its way to the metadata store, to be cut. */
  readonly link: StoreLink
}

export interface SimulatedClusterOptions {
  readonly logger?: (brokerId: number) => Logger
  readonly logDirectories?: readonly string[]
  readonly sessionTimeoutMs?: number
}

/** Brokers on machines of their own, which share a metadata store on another one. Broker n is at host broker-n, port 9092. */
export class SimulatedCluster {
  readonly simulation: Simulation
  readonly #store: LocalStore
  readonly #members = new Map<number, RunningMember>()
  readonly #logger: (brokerId: number) => Logger
  readonly #logDirectories: readonly string[]
  readonly #sessionTimeoutMs: number

  static async open(seed: number | string, options: SimulatedClusterOptions = {}): Promise<SimulatedCluster> {
    const simulation = createSimulation({ seed })
    const { disk, clock } = simulation.platform('store')
    const { store } = await simulation.settle(LocalStore.open({ disk, clock, path: '/metadata.jsonl' }))
    return new SimulatedCluster(simulation, store, options)
  }

  private constructor(
    simulation: Simulation,
    store: LocalStore,
    { logger = () => silentLogger, logDirectories = ['/data'], sessionTimeoutMs = 1000 }: SimulatedClusterOptions,
  ) {
    this.simulation = simulation
    this.#store = store
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#logger = logger
    this.#logDirectories = logDirectories
  }

  /** Starts a broker, or starts it again with the disk that its machine has. Resolves when it serves. */
  async start(brokerId: number, config: Readonly<Record<string, string>> = {}): Promise<RunningMember> {
    const machine = this.machine(brokerId)
    const platform = machine.isUp ? machine.platform : machine.restart()
    const link = new StoreLink(this.#store)
    const broker = await this.simulation.settle(
      createBroker({
        platform,
        config: {
          'node.id': String(brokerId),
          listeners: `PLAINTEXT://broker-${brokerId}:9092`,
          'log.initial.task.delay.ms': '1000',
          ...config,
        },
        dataDirectory: '/data',
        logDirectories: this.#logDirectories,
        logger: this.#logger(brokerId),
        cluster: { store: link, sessionTimeoutMs: this.#sessionTimeoutMs },
      }),
    )
    const member = { broker, link }
    this.#members.set(brokerId, member)
    return member
  }

  async stop(brokerId: number): Promise<void> {
    const member = this.#members.get(brokerId)
    if (member !== undefined) await this.simulation.settle(member.broker.stop())
    this.machine(brokerId).crash()
    this.#members.delete(brokerId)
  }

  member(brokerId: number): RunningMember {
    const member = this.#members.get(brokerId)
    if (member === undefined) throw new Error(`broker ${brokerId} does not run`)
    return member
  }

  machine(brokerId: number): SimulatedMachine {
    return this.simulation.machine(`broker-${brokerId}`)
  }

  crash(brokerId: number): void {
    this.machine(brokerId).crash()
    this.#members.delete(brokerId)
  }

  powerLoss(brokerId: number): void {
    this.machine(brokerId).powerLoss()
    this.#members.delete(brokerId)
  }

  /** A client on a machine of its own, that knows brokers 1 to 3. */
  client(name = 'client'): ClusterClient {
    return new ClusterClient({
      platform: this.simulation.platform(name),
      bootstrap: 'broker-1:9092,broker-2:9092,broker-3:9092',
      clientId: name,
      timeoutMs: 3000,
    })
  }
}
