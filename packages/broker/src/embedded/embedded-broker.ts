import type { Clock, Disk, Platform } from '@odradek/platform'
import { type Broker, createBroker } from '../broker.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import type { Logger } from '../logger.ts'
import type { SharedLocalStore, SharedStoreClient } from '../metadata/shared-local-store.ts'
import { OdradekError } from '../odradek-error.ts'
import { ProcessClock } from './process-clock.ts'
import { ProcessDisk } from './process-disk.ts'
import { ProcessGate } from './process-gate.ts'
import { ProcessNetwork } from './process-network.ts'

export type BrokerState = 'running' | 'paused' | 'isolated' | 'stopped'

/** One broker of a cluster that runs in this process, and what can be done to it. Faults and ends are idempotent. */
export interface ClusterBroker {
  readonly nodeId: number
  readonly host: string
  /** The same for the broker's whole life, whatever becomes of its runs. */
  readonly port: number
  readonly state: BrokerState
  /** In order: others lead what it led, its logs are whole. Heals and resumes it before. Bounded: then it is killed. */
  stop(): Promise<void>
  /** As kill -9: what it had written stays, all else is gone, and the cluster finds out when its session has run out. */
  kill(): Promise<void>
  /** Starts it again, with the data that it has. Resolves when it serves; rejects once the cluster has been stopped. */
  start(): Promise<void>
  /** Stops it, if it runs, and starts it again. */
  restart(): Promise<void>
  /** As SIGSTOP: it answers nobody, and renews nothing, while time goes on. */
  pause(): void
  resume(): void
  /** Nothing gets through between it and the others, the metadata store, and its clients. */
  isolate(): void
  heal(): void
}

export interface EmbeddedBrokerOptions {
  readonly nodeId: number
  /** The real one; its disk is this broker's own. */
  readonly platform: Platform
  readonly dataDirectory: string
  /** 0: a free one, at the first start. */
  readonly port: number
  readonly config: Readonly<Record<string, string>>
  readonly logger: Logger
  readonly store: SharedLocalStore
  readonly clusterId?: string | undefined
}

/** A stop that takes longer becomes a kill. */
const stopMs = 10_000
const host = '127.0.0.1'

/** A run of the broker: its process. */
interface Run {
  readonly gate: ProcessGate
  readonly clock: ProcessClock
  readonly network: ProcessNetwork
  readonly disk: ProcessDisk
  readonly link: SharedStoreClient
  readonly broker: Broker
  isIsolated: boolean
}

export class EmbeddedBroker implements ClusterBroker {
  readonly nodeId: number
  readonly host = host
  readonly #options: EmbeddedBrokerOptions
  readonly #clock: Clock
  readonly #disk: Disk
  #port: number
  #clusterId = ''
  #run: Run | null = null
  #isRetired = false
  /** Starts and ends come one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: EmbeddedBrokerOptions) {
    this.nodeId = options.nodeId
    this.#options = options
    this.#clock = options.platform.clock
    this.#disk = options.platform.disk
    this.#port = options.port
  }

  get port(): number {
    return this.#port
  }

  get state(): BrokerState {
    if (this.#run === null) return 'stopped'
    if (this.#run.isIsolated) return 'isolated'
    return this.#run.gate.isRunning ? 'running' : 'paused'
  }

  /** As it tells it to its clients; null while it does not run. */
  get image(): ClusterImage | null {
    return this.#run?.broker.image ?? null
  }

  /** Empty before the first start. */
  get clusterId(): string {
    return this.#clusterId
  }

  start(): Promise<void> {
    return this.#inTurn(() => this.#begin())
  }

  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop())
  }

  /** A stop for good: the store goes with the cluster, and a broker that started would wait for it without end. */
  retire(): Promise<void> {
    this.#isRetired = true
    return this.stop()
  }

  kill(): Promise<void> {
    // At once, and not behind a stop that may be under way.
    this.#run?.gate.kill()
    return this.#inTurn(() => this.#end())
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop()
      await this.#begin()
    })
  }

  pause(): void {
    const run = this.#running('paused')
    run.gate.pause()
    run.network.freeze()
  }

  resume(): void {
    this.#run?.gate.resume()
    this.#run?.network.thaw()
  }

  isolate(): void {
    const run = this.#running('isolated')
    run.isIsolated = true
    run.network.cut()
    run.link.cut()
  }

  heal(): void {
    if (this.#run === null || !this.#run.isIsolated) return
    this.#run.isIsolated = false
    this.#run.network.heal()
    this.#run.link.heal()
  }

  async #begin(): Promise<void> {
    if (this.#isRetired) {
      throw new OdradekError('cluster-stopped', `The cluster of broker ${this.nodeId} was stopped: start another one.`)
    }
    if (this.#run !== null) {
      throw new OdradekError('broker-runs', `Broker ${this.nodeId} runs already: stop it before you start it again.`)
    }
    const { platform, store, config, dataDirectory, clusterId, logger } = this.#options
    const gate = new ProcessGate()
    const clock = new ProcessClock(this.#clock, gate)
    const disk = new ProcessDisk(this.#disk, gate)
    const network = new ProcessNetwork({ network: platform.network, clock, gate })
    const link = await store.open({ clock, enter: gate.enter })
    try {
      const broker = await createBroker({
        platform: { clock, random: platform.random, disk, network },
        config: {
          ...config,
          'node.id': String(this.nodeId),
          listeners: `PLAINTEXT://${host}:${this.#port}`,
        },
        dataDirectory,
        logger,
        cluster: { store: link },
        ...(clusterId === undefined ? {} : { clusterId }),
      })
      this.#run = { gate, clock, network, disk, link, broker, isIsolated: false }
      this.#clusterId = broker.clusterId
      this.#port = broker.listeners[0]?.port ?? this.#port
    } catch (error) {
      await clear({ gate, clock, network, disk, link })
      throw error
    }
  }

  async #stop(): Promise<void> {
    const run = this.#run
    if (run === null) return
    this.heal()
    this.resume()
    const late = Promise.withResolvers<void>()
    const timer = this.#clock.after(stopMs, late.resolve)
    await Promise.race([run.broker.stop(), late.promise, run.gate.died])
    timer.cancel()
    await this.#end()
  }

  async #end(): Promise<void> {
    const run = this.#run
    this.#run = null
    if (run !== null) await clear(run)
  }

  #running(wanted: string): Run {
    if (this.#run !== null) return this.#run
    throw new OdradekError('broker-stopped', `Broker ${this.nodeId} does not run, so that it cannot be ${wanted}.`)
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** Nothing of the process happens any more, and nothing is left of it but what is on its disk. */
async function clear({ gate, clock, network, disk, link }: Omit<Run, 'broker' | 'isIsolated'>): Promise<void> {
  gate.kill()
  clock.cancelAll()
  await link.close()
  await network.closeAll()
  await disk.closeAll()
}
