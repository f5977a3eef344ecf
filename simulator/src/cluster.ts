import type { SimulatedMachine, Simulation } from '@odradek/platform/simulated'
import { ProcessDied } from '@odradek/platform/simulated'
import { type Broker, createBroker } from '../../packages/broker/src/broker.ts'
import type { LogFields, Logger } from '../../packages/broker/src/logger.ts'
import { SimulatedMetadata } from '../../packages/broker/src/metadata/testing/simulated-metadata.ts'
import { placesThatRot } from './bit-rot.ts'
import type { Plan } from './plan.ts'

/** Whoever starts brokers again after they have ended by themselves, as an init system does. */
const startAgainMs = 1000

export const clientMachine = 'clients'

export function machineName(brokerId: number): string {
  return `broker-${brokerId}`
}

/** One broker's machine, its disk, and the process that should run there. */
interface Member {
  readonly machine: SimulatedMachine
  /** Null while none serves. */
  broker: Broker | null
  /** How many disks it has had: a new one is another data directory. */
  disks: number
  /** Not to be started. */
  isHeldDown: boolean
  /** Until it has come to its end, which a start waits for. */
  isStopping: boolean
  /** Each start has its own, so that what comes of an earlier one is known to be stale. */
  starts: number
  lastPowerLossMs: number
  lastDiskLossMs: number
}

/** The brokers of a plan on machines of their own, and their shared metadata store. Broker n is at broker-n:9092. */
export class Cluster {
  readonly simulation: Simulation
  readonly store: SimulatedMetadata
  readonly #plan: Plan
  readonly #note: (who: string, what: string) => void
  readonly #members = new Map<number, Member>()

  constructor(options: { simulation: Simulation; plan: Plan; note: (who: string, what: string) => void }) {
    this.simulation = options.simulation
    this.#plan = options.plan
    this.#note = options.note
    this.store = new SimulatedMetadata(this.simulation)
    this.simulation.machine(clientMachine)
    for (const id of options.plan.brokerIds) {
      const machine = this.simulation.machine(machineName(id))
      const losses = { lastPowerLossMs: Number.NEGATIVE_INFINITY, lastDiskLossMs: Number.NEGATIVE_INFINITY }
      this.#members.set(id, {
        machine,
        broker: null,
        disks: 1,
        isHeldDown: false,
        isStopping: false,
        starts: 0,
        ...losses,
      })
    }
  }

  get brokerIds(): readonly number[] {
    return this.#plan.brokerIds
  }

  machine(brokerId: number): SimulatedMachine {
    return this.#member(brokerId).machine
  }

  dataDirectory(brokerId: number): string {
    return `/data-${this.#member(brokerId).disks}`
  }

  serves(brokerId: number): boolean {
    return this.#member(brokerId).broker !== null && this.machine(brokerId).isUp
  }

  /** Of the registration that the broker itself believes in; -1 without one. */
  epochOf(brokerId: number): number {
    const { broker, machine } = this.#member(brokerId)
    return broker !== null && machine.isUp ? broker.epoch : -1
  }

  isHeldDown(brokerId: number): boolean {
    return this.#member(brokerId).isHeldDown
  }

  /** Another one with each start and each death. */
  runOf(brokerId: number): number {
    return this.#member(brokerId).starts
  }

  lastPowerLossMs(brokerId: number): number {
    return this.#member(brokerId).lastPowerLossMs
  }

  lastDiskLossMs(brokerId: number): number {
    return this.#member(brokerId).lastDiskLossMs
  }

  /** At some time within the next so many milliseconds. */
  willLosePower(brokerId: number, withinMs: number): void {
    this.#member(brokerId).lastPowerLossMs = this.simulation.nowMs + withinMs
  }

  /** Begins to start the broker, and does so again until it serves. */
  start(brokerId: number): void {
    const member = this.#member(brokerId)
    if (member.machine.isUp && member.starts > 0 && !member.isHeldDown) return
    member.isHeldDown = false
    if (member.isStopping) return
    member.broker = null
    const run = ++member.starts
    void this.#start(brokerId, member, run)
  }

  async #start(brokerId: number, member: Member, run: number): Promise<void> {
    const { machine } = member
    const platform = machine.isUp ? machine.platform : machine.restart()
    try {
      const store = await this.store.open(machine.name, platform.clock)
      const broker = await createBroker({
        platform,
        config: {
          'node.id': String(brokerId),
          listeners: `PLAINTEXT://${machine.name}:9092`,
          ...this.#plan.brokerConfig,
        },
        dataDirectory: this.dataDirectory(brokerId),
        logger: this.#logger(machine.name),
        cluster: { store, sessionTimeoutMs: this.#plan.sessionTimeoutMs },
      })
      if (member.starts === run) member.broker = broker
      this.#note(machine.name, 'serves')
    } catch (error) {
      if (member.starts !== run || error instanceof ProcessDied) return
      // The process ends, with what to do about it in its log; somebody starts it again.
      this.#note(machine.name, `did not start: ${error}`)
      machine.crash()
      this.simulation.at(this.simulation.nowMs + startAgainMs, () => {
        if (member.starts === run && !member.isHeldDown) void this.#start(brokerId, member, ++member.starts)
      })
    }
  }

  crash(brokerId: number): void {
    const member = this.#take(brokerId)
    member.machine.crash()
  }

  powerLoss(brokerId: number): void {
    const member = this.#take(brokerId)
    member.lastPowerLossMs = Math.max(member.lastPowerLossMs, this.simulation.nowMs)
    member.machine.powerLoss()
  }

  /** A controlled shutdown; the process ends when it is done. */
  stop(brokerId: number): void {
    const member = this.#member(brokerId)
    const { broker, machine } = member
    if (broker === null) {
      this.crash(brokerId)
      return
    }
    const run = member.starts
    member.isHeldDown = true
    member.isStopping = true
    void broker.stop().then(() => {
      if (member.starts !== run) return
      this.#note(machine.name, 'has stopped')
      member.isStopping = false
      member.broker = null
      machine.crash()
      if (!member.isHeldDown) this.start(brokerId)
    })
  }

  /** The disk dies with the machine, and an empty one takes its place. */
  replaceDisk(brokerId: number): void {
    this.powerLoss(brokerId)
    const member = this.#member(brokerId)
    member.disks++
    member.lastDiskLossMs = this.simulation.nowMs
  }

  /**
   * The power fails, and when it is back, so many bits have turned over in what the next start reads: it cannot know of others.
   * Returns how many.
   */
  rot(brokerId: number, bits: number): number {
    this.powerLoss(brokerId)
    const member = this.#member(brokerId)
    member.lastDiskLossMs = this.simulation.nowMs
    const { disk } = member.machine
    const directory = `${this.dataDirectory(brokerId)}/`
    const paths = [...disk.names.files()].map(([path]) => path).filter(path => path.startsWith(directory))
    return disk.rot(bits, placesThatRot(paths))
  }

  #take(brokerId: number): Member {
    const member = this.#member(brokerId)
    member.starts++
    member.isHeldDown = true
    member.isStopping = false
    member.broker = null
    return member
  }

  #member(brokerId: number): Member {
    const member = this.#members.get(brokerId)
    if (member === undefined) throw new Error(`there is no broker ${brokerId}`)
    return member
  }

  #logger(who: string): Logger {
    const line = (level: string) => (message: string, fields?: LogFields) =>
      this.#note(who, `${level} ${message}${fields === undefined ? '' : ` ${format(fields)}`}`)
    return {
      debugEnabled: true,
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
    }
  }
}

function format(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value instanceof Error ? value.message : JSON.stringify(value)}`)
    .join(' ')
}
