import { type Connection, type Listener, type Network, NetworkError } from '../network.ts'
import { SimulatedConnection } from './connection.ts'
import { Pipe } from './pipe.ts'
import type { SimulatedProcess } from './process.ts'
import type { Range, SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** What the network may do. All are off by default but latency and other pieces than were written. */
export interface NetworkFaults {
  latencyMs: Range
  /** Of a piece of a write to be cut again. */
  chop: number
  /** Of a segment to come late, and how late. */
  stall: number
  stallMs: Range
  /** Of a segment to be lost together with its connection. */
  reset: number
  /** How long a kernel sends again what is not acknowledged. */
  giveUpMs: number
}

export function quietNetwork(): NetworkFaults {
  return { latencyMs: [0.05, 0.5], chop: 0.3, stall: 0, stallMs: [10, 500], reset: 0, giveUpMs: 15 * 60_000 }
}

const ephemeralPortMin = 49152
const ownNames = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::1', '::', ''])

/** What the network needs to know of a machine. */
export interface Host {
  readonly name: string
  readonly hasPower: boolean
}

interface Listening {
  readonly process: SimulatedProcess
  readonly onConnection: (connection: Connection) => void
}

/**
 * All machines' network. A machine's name is its host name; the loopback names lead home.
 *
 * Faults: latency, pieces of any size, stalls, resets; a partition of two machines in one direction or both, during which
 * nothing is lost but time (or the connection, when it lasts); a firewall that refuses in the name of a process that lives; a dead
 * process's connections end with a reset or an end, a machine without power just falls silent and resets them when it is back.
 */
export class SimulatedNetwork {
  readonly faults: NetworkFaults = quietNetwork()
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #listeners = new Map<string, Listening>()
  readonly #connections = new Set<SimulatedConnection>()
  readonly #blocked = new Set<string>()
  readonly #refused = new Set<string>()
  #nextPort = ephemeralPortMin

  constructor({
    scheduler,
    random,
    hosts,
  }: {
    scheduler: Scheduler
    random: SeededRandom
    hosts: ReadonlyMap<string, Host>
  }) {
    this.#scheduler = scheduler
    this.#random = random
    this.#hosts = hosts
  }

  /** From now on nothing gets from the one to the other. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  partition(one: string, other: string): void {
    this.block(one, other)
    this.block(other, one)
  }

  /** All connections between the two are reset, and new ones from the one to the other refused, as if nobody listened there. */
  refuse(from: string, to: string): void {
    this.#refused.add(`${from}>${to}`)
    for (const connection of this.#connections) {
      const ends = [connection.process.machine, connection.remote.host]
      if (ends.includes(from) && ends.includes(to)) connection.arrive({ kind: 'reset' })
    }
  }

  /** Both ways between two machines are open again. */
  unblock(one: string, other: string): void {
    for (const way of [`${one}>${other}`, `${other}>${one}`]) {
      this.#blocked.delete(way)
      this.#refused.delete(way)
    }
  }

  /** Ends all blocks and refusals. */
  heal(): void {
    this.#blocked.clear()
    this.#refused.clear()
  }

  listen(
    process: SimulatedProcess,
    at: { host: string; port: number },
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      process.schedule(process.nowMs, `${process.machine} listen`, () => {
        const port = at.port === 0 ? this.#freePort(process.machine) : at.port
        const place = `${process.machine}:${port}`
        if (this.#listeners.has(place)) {
          reject(new NetworkError('in-use', `cannot listen on ${at.host}:${port}: the port is taken`))
          return
        }
        const listening = { process, onConnection }
        this.#listeners.set(place, listening)
        const close = async () => {
          if (this.#listeners.get(place) === listening) this.#listeners.delete(place)
        }
        resolve({ host: at.host, port, close })
      })
    })
  }

  connect(process: SimulatedProcess, to: { host: string; port: number; timeoutMs: number }): Promise<Connection> {
    const what = `cannot connect to ${to.host}:${to.port}`
    const target = ownNames.has(to.host) ? process.machine : to.host
    return new Promise((resolve, reject) => {
      const fail = (kind: 'timeout' | 'refused' | 'unreachable', why: string) => {
        timeout.cancel()
        attempt?.cancel()
        reject(new NetworkError(kind, `${what}: ${why}`))
      }
      let attempt: { cancel(): void } | null = null
      const timeout = process.schedule(process.nowMs + to.timeoutMs, `${process.machine} connect timeout`, () =>
        fail('timeout', `no answer within ${to.timeoutMs} ms`),
      )
      const knock = () => {
        if (!this.#hosts.has(target)) return fail('unreachable', 'no such machine')
        if (!this.#isOpen(process.machine, target) || !this.#isOpen(target, process.machine)) {
          attempt = process.schedule(this.#scheduler.nowMs + 200, `${process.machine} connect`, knock)
          return
        }
        const listening = this.#listeners.get(`${target}:${to.port}`)
        const isRefused = this.#refused.has(`${process.machine}>${target}`)
        if (listening === undefined || isRefused) return fail('refused', 'nobody listens there')
        timeout.cancel()
        resolve(this.#pair(process, listening, { host: target, port: to.port }))
      }
      attempt = process.schedule(process.nowMs + this.#latencyMs(), `${process.machine} connect`, knock)
    })
  }

  /** The kernel cleans up behind a dead process. */
  killProcess(process: SimulatedProcess): void {
    this.#closeListeners(process)
    for (const connection of this.#connections) if (connection.process === process) connection.abandon()
    this.#forgetClosed()
  }

  losePower(process: SimulatedProcess): void {
    this.#closeListeners(process)
    for (const connection of this.#connections) if (connection.process === process) connection.vanish()
    this.#forgetClosed()
  }

  #pair(client: SimulatedProcess, listening: Listening, remote: { host: string; port: number }): SimulatedConnection {
    const local = { host: client.machine, port: this.#freePort(client.machine) }
    const near = new SimulatedConnection({ process: client, local, remote })
    const far = new SimulatedConnection({ process: listening.process, local: remote, remote: local })
    near.attach(far, this.#pipe(near, far))
    far.attach(near, this.#pipe(far, near))
    this.#forgetClosed()
    this.#connections.add(near).add(far)
    const { process, onConnection } = listening
    process.schedule(this.#scheduler.nowMs, `${process.machine} accept`, () => onConnection(far))
    return near
  }

  #pipe(from: SimulatedConnection, to: SimulatedConnection): Pipe {
    const source = from.process.machine
    const target = to.process.machine
    return new Pipe(
      { scheduler: this.#scheduler, random: this.#random, faults: this.faults, label: `${source}>${target}` },
      {
        isOpen: () => this.#isOpen(source, target),
        breakOff: () => from.arrive({ kind: 'reset' }),
        arrive: segment => to.arrive(segment),
        giveUp: () => from.giveUp(),
      },
    )
  }

  #isOpen(from: string, to: string): boolean {
    return this.#hosts.get(to)?.hasPower === true && !this.#blocked.has(`${from}>${to}`)
  }

  #closeListeners(process: SimulatedProcess): void {
    for (const [place, listening] of this.#listeners) if (listening.process === process) this.#listeners.delete(place)
  }

  #forgetClosed(): void {
    for (const connection of this.#connections) if (connection.isClosed) this.#connections.delete(connection)
  }

  #freePort(machine: string): number {
    for (;;) {
      const port = this.#nextPort++
      if (this.#nextPort > 65535) this.#nextPort = ephemeralPortMin
      if (!this.#listeners.has(`${machine}:${port}`)) return port
    }
  }

  #latencyMs(): number {
    return this.#random.between(this.faults.latencyMs)
  }
}

/** The network as one process sees it. */
export class ProcessNetwork implements Network {
  readonly #network: SimulatedNetwork
  readonly #process: SimulatedProcess

  constructor(network: SimulatedNetwork, process: SimulatedProcess) {
    this.#network = network
    this.#process = process
  }

  listen(at: { host: string; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    return this.#network.listen(this.#process, at, onConnection)
  }

  connect(to: { host: string; port: number; timeoutMs: number }): Promise<Connection> {
    return this.#network.connect(this.#process, to)
  }
}
