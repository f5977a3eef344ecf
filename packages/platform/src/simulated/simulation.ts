import type { Platform } from '../platform.ts'
import { ProcessDisk, SimulatedDisk } from './disk.ts'
import { ProcessNetwork, SimulatedNetwork } from './network.ts'
import { type ClockFaults, SimulatedProcess } from './process.ts'
import { SeededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

export interface SimulationOptions {
  /** All chance comes from it: one seed, one history. */
  seed: number | string
}

export function createSimulation({ seed }: SimulationOptions): Simulation {
  return new Simulation(seed)
}

/**
 * Machines, their network, and time, which passes only while `run`, `runFor`, `until` or `settle` is awaited. The program under
 * test gets a machine's `platform`; the test keeps the simulation and does to the machines what the world does.
 */
export class Simulation {
  readonly seed: number | string
  readonly network: SimulatedNetwork
  readonly #random: SeededRandom
  readonly #trace = new Trace()
  readonly #scheduler = new Scheduler(this.#trace)
  readonly #machines = new Map<string, SimulatedMachine>()

  constructor(seed: number | string) {
    this.seed = seed
    this.#random = new SeededRandom(seed)
    this.network = new SimulatedNetwork({
      scheduler: this.#scheduler,
      random: this.#random.split('network'),
      hosts: this.#machines,
    })
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#scheduler.nowMs
  }

  /** Events that have happened. */
  get eventsDone(): number {
    return this.#scheduler.eventsDone
  }

  /** Of all that has happened so far. */
  get traceHash(): string {
    return this.#trace.hash
  }

  /** A source of chance for the test's own choices. */
  random(name: string): SeededRandom {
    return this.#random.split(`test/${name}`)
  }

  /** The machine of that name; the first call builds it, with a process that runs. */
  machine(name: string): SimulatedMachine {
    let machine = this.#machines.get(name)
    if (machine === undefined) {
      machine = new SimulatedMachine({
        name,
        scheduler: this.#scheduler,
        network: this.network,
        random: this.#random.split(`machine ${name}`),
        trace: this.#trace,
      })
      this.#machines.set(name, machine)
    }
    return machine
  }

  /** What a program on that machine gets as its world. */
  platform(name: string): Platform {
    return this.machine(name).platform
  }

  /** The test does something at a time of its own choice. */
  at(timeMs: number, callback: () => void): { cancel(): void } {
    return this.#scheduler.at(timeMs, 'test', callback)
  }

  /** Runs until time is `untilMs`. */
  async run(untilMs: number): Promise<void> {
    await this.#scheduler.run(untilMs, () => false)
  }

  runFor(durationMs: number): Promise<void> {
    return this.run(this.nowMs + durationMs)
  }

  /** Runs until the condition holds, which is asked between any two events; fails after `withinMs` or when nothing is left. */
  async until(condition: () => boolean, withinMs = 24 * 3_600_000): Promise<void> {
    const startMs = this.nowMs
    if (await this.#scheduler.run(startMs + withinMs, condition)) return
    throw new Error(`seed ${this.seed}: waited in vain from ${startMs} to ${this.nowMs} ms of virtual time`)
  }

  /** Runs until the promise is settled, and gives its result. */
  async settle<T>(promise: Promise<T>, withinMs?: number): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.until(() => isSettled, withinMs)
    return promise
  }
}

/** A computer: its disk and its clock outlive the one process that runs on it at a time. */
export class SimulatedMachine {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly clockFaults: ClockFaults = { skewMs: 0, latenessMsMax: 1 }
  readonly #scheduler: Scheduler
  readonly #network: SimulatedNetwork
  readonly #random: SeededRandom
  readonly #trace: Trace
  #process: SimulatedProcess
  #restarts = 0
  #hasPower = true

  constructor({
    name,
    scheduler,
    network,
    random,
    trace,
  }: {
    name: string
    scheduler: Scheduler
    network: SimulatedNetwork
    random: SeededRandom
    trace: Trace
  }) {
    this.name = name
    this.#scheduler = scheduler
    this.#network = network
    this.#random = random
    this.#trace = trace
    // Files bear the machine's own wall clock; it goes on while no process runs.
    this.disk = new SimulatedDisk(random.split('disk'), trace, () => this.#process.clock.now())
    this.#process = this.#boot()
  }

  get hasPower(): boolean {
    return this.#hasPower
  }

  /** Whether its process runs. */
  get isUp(): boolean {
    return this.#process.isAlive
  }

  /** Of the process that runs now. */
  get platform(): Platform {
    if (!this.isUp) throw new Error(`machine ${this.name} is down: restart() gives the next process's platform`)
    return this.#process.platform
  }

  /** kill -9: the process is gone in the middle of whatever it did; what it wrote is in the page cache. */
  crash(): void {
    if (!this.isUp) return
    this.#trace.text(`${this.name} crash`)
    this.#process.die()
    this.#network.killProcess(this.#process)
    this.disk.killProcess(this.#process)
  }

  /** The process stands still, as at SIGSTOP, a long collection, or a host that sleeps; what was due meanwhile comes afterwards. */
  pause(durationMs: number): void {
    if (!this.isUp) return
    this.#trace.text(`${this.name} pause`)
    this.#process.block(durationMs)
  }

  /** Process and page cache are gone; the disk makes of what was not synced what it likes. */
  powerLoss(): void {
    if (!this.#hasPower) return
    this.#trace.text(`${this.name} power loss`)
    if (this.isUp) {
      this.#process.die()
      this.#network.losePower(this.#process)
      this.disk.killProcess(this.#process)
    }
    this.#hasPower = false
    this.disk.losePower()
  }

  /** Power is on again, a new process runs; its platform. */
  restart(): Platform {
    if (this.isUp) throw new Error(`machine ${this.name} is up: crash it first`)
    this.#trace.text(`${this.name} restart`)
    this.#hasPower = true
    this.#restarts++
    this.#process = this.#boot()
    return this.#process.platform
  }

  /**
   * The process dies at the start of its n-th call to the disk from now on, in the middle of whatever it was doing. That call
   * throws, and so does each later one: nothing that the dead code does has an effect any more.
   */
  dieAtDiskCall(calls: number, how: 'crash' | 'power loss'): void {
    this.disk.dieAt(calls, () => (how === 'crash' ? this.crash() : this.powerLoss()))
  }

  #boot(): SimulatedProcess {
    const random = this.#random.split(`process ${this.#restarts}`)
    const process = new SimulatedProcess(this.name, this.#scheduler, random, this.clockFaults)
    process.platform = {
      clock: process.clock,
      random: process.random,
      disk: new ProcessDisk(this.disk, process),
      network: new ProcessNetwork(this.#network, process),
    }
    return process
  }
}
