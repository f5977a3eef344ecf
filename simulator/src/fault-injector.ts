/** Does to the cluster what the plan says, and minds what is promised: see README.md. */

import { decodeChange } from '../../packages/broker/src/metadata/change-encoding.ts'
import type { CommittedWrite } from '../../packages/broker/src/metadata/testing/simulated-metadata.ts'
import type { ReplicaChecker } from './checkers/replica-checker.ts'
import type { Cluster } from './cluster.ts'
import { clientMachine, machineName } from './cluster.ts'
import type { ClusterState } from './cluster-state.ts'
import { describeFault, type Fault, type Plan } from './plan.ts'

/** A death at a disk call happens by then, calls or not. */
const longestWaitForDiskCallMs = 3000

export class FaultInjector {
  readonly #cluster: Cluster
  readonly #plan: Plan
  readonly #state: ClusterState
  readonly #replicas: ReplicaChecker
  readonly #note: (who: string, what: string) => void
  /** Until when those may die who are to do so at one of their next calls to the disk. */
  readonly #doomedUntilMs = new Map<number, number>()
  /** Those whose disk fails. */
  readonly #failing = new Set<number>()
  #isOver = false
  done = 0

  constructor(options: {
    cluster: Cluster
    plan: Plan
    state: ClusterState
    replicas: ReplicaChecker
    note: (who: string, what: string) => void
  }) {
    this.#cluster = options.cluster
    this.#plan = options.plan
    this.#state = options.state
    this.#replicas = options.replicas
    this.#note = options.note
  }

  schedule(): void {
    for (const fault of this.#plan.faults) this.#at(fault.atMs, () => this.#strike(fault))
  }

  /** Everything is well from now on. */
  healAll(): void {
    this.#isOver = true
    const { network } = this.#cluster.simulation
    network.heal()
    Object.assign(network.faults, { reset: 0, stall: 0 })
    const { store } = this.#cluster
    store.heal()
    for (const id of this.#cluster.brokerIds) {
      store.heal(machineName(id))
      const { disk } = this.#cluster.machine(id)
      disk.dieAt(Number.POSITIVE_INFINITY, () => {})
      Object.assign(disk.faults, { limitBytes: Number.POSITIVE_INFINITY, ...quickDisk, ...soundDisk })
      if (this.#failing.has(id)) this.#cluster.crash(id)
      // It may have died at a call to its disk.
      if (!this.#cluster.machine(id).isUp) this.#cluster.crash(id)
      this.#cluster.start(id)
    }
    Object.assign(store.faults, { loss: 0, stall: 0, watchDelayMs: [0, 2], leaseLatenessMs: [0, 500] })
  }

  #at(timeMs: number, what: () => void): void {
    this.#cluster.simulation.at(timeMs, () => {
      if (!this.#isOver) what()
    })
  }

  #after(delayMs: number, what: () => void): void {
    this.#at(this.#cluster.simulation.nowMs + delayMs, what)
  }

  #strike(fault: Fault): void {
    if (!this.#isAllowed(fault)) {
      this.#note('faults', `not now: ${describeFault(fault)}`)
      return
    }
    this.#note('faults', describeFault(fault))
    this.done++
    this.#after(fault.forMs, this.#begin(fault))
  }

  /** Begins the fault; what comes back ends it. */
  #begin(fault: Fault): () => void {
    switch (fault.kind) {
      case 'crash':
      case 'power loss':
      case 'crash in a disk call':
      case 'power loss in a disk call':
      case 'stop':
      case 'new disk':
      case 'bit rot':
        return this.#beginOutage(fault)
      case 'failing disk':
        return this.#failDisk(fault)
      case 'pause':
      case 'clock jump':
      case 'full disk':
      case 'slow disk':
        return this.#beginOnMachine(fault)
      case 'partition':
      case 'one-way partition':
      case 'isolation':
      case 'cut off from clients':
      case 'refusals':
      case 'resets':
      case 'stalls':
        return this.#beginOnNetwork(fault)
      default:
        return this.#beginAtStore(fault)
    }
  }

  #beginOutage({ kind, broker, amount }: Fault): () => void {
    const cluster = this.#cluster
    const startAgain = () => cluster.start(broker)
    switch (kind) {
      case 'crash':
        cluster.crash(broker)
        return startAgain
      case 'power loss':
        cluster.powerLoss(broker)
        return startAgain
      case 'new disk':
        cluster.replaceDisk(broker)
        return startAgain
      case 'bit rot':
        this.#note(machineName(broker), `${cluster.rot(broker, 1 + Math.floor(amount * 4))} bits have rotted`)
        return startAgain
      case 'stop':
        cluster.stop(broker)
        return startAgain
      default: {
        const how = kind === 'crash in a disk call' ? 'crash' : 'power loss'
        const forMs = longestWaitForDiskCallMs
        this.#dieAtDiskCall(broker, 1 + Math.floor(amount * amount * 300), how)
        return () => this.#after(forMs, startAgain)
      }
    }
  }

  #dieAtDiskCall(broker: number, calls: number, how: 'crash' | 'power loss'): void {
    const cluster = this.#cluster
    if (how === 'power loss') cluster.willLosePower(broker, longestWaitForDiskCallMs)
    this.#doomedUntilMs.set(broker, cluster.simulation.nowMs + longestWaitForDiskCallMs)
    cluster.machine(broker).dieAtDiskCall(calls, how)
    const run = cluster.runOf(broker)
    this.#after(longestWaitForDiskCallMs - 1, () => {
      if (cluster.runOf(broker) !== run) return
      if (how === 'crash') cluster.crash(broker)
      else cluster.powerLoss(broker)
    })
  }

  /** Some calls to the disk fail, until somebody mends it, which takes the broker down for a moment. */
  #failDisk({ broker, amount }: Fault): () => void {
    const { faults } = this.#cluster.machine(broker).disk
    const rate = 0.5 * amount * amount
    Object.assign(faults, { readFailure: rate, writeFailure: rate })
    this.#failing.add(broker)
    const mend = (): void => {
      // Like any other kill, it waits until others can do without this broker.
      if (!this.#nobodyIsInDoubt()) {
        this.#after(200, mend)
        return
      }
      Object.assign(faults, soundDisk)
      this.#failing.delete(broker)
      if (this.#cluster.isHeldDown(broker)) return
      this.#cluster.crash(broker)
      this.#after(500, () => this.#cluster.start(broker))
    }
    return mend
  }

  #beginOnMachine({ kind, broker, forMs, amount }: Fault): () => void {
    const machine = this.#cluster.machine(broker)
    const { faults } = machine.disk
    switch (kind) {
      case 'pause':
        machine.pause(forMs)
        return nothing
      case 'clock jump':
        machine.clockFaults.skewMs = (amount - 0.5) * (amount < 0.8 ? 120_000 : 3_000_000)
        return nothing
      case 'full disk':
        faults.limitBytes = machine.disk.usedBytes + Math.floor(amount * amount * 50_000)
        return () => Object.assign(faults, { limitBytes: Number.POSITIVE_INFINITY })
      default:
        Object.assign(faults, { pooledMs: [0.05, 500 * amount], blockingMs: [0, 30 * amount * amount] })
        return () => Object.assign(faults, quickDisk)
    }
  }

  #beginOnNetwork({ kind, broker, other, amount }: Fault): () => void {
    const { network } = this.#cluster.simulation
    const [one, two] = [machineName(broker), machineName(other)]
    switch (kind) {
      case 'partition':
        network.partition(one, two)
        return () => network.unblock(one, two)
      case 'one-way partition':
        network.block(one, two)
        return () => network.unblock(one, two)
      case 'cut off from clients':
        network.partition(one, clientMachine)
        return () => network.unblock(one, clientMachine)
      case 'isolation':
        return this.#isolate(broker, amount)
      case 'refusals':
        return this.#refuse(broker, amount < 0.3 ? this.#othersThan(broker) : [other])
      case 'resets':
        network.faults.reset = amount * 0.01
        return () => Object.assign(network.faults, { reset: 0 })
      default:
        Object.assign(network.faults, { stall: amount * 0.1, stallMs: [10, 100 + amount * 4000] })
        return () => Object.assign(network.faults, { stall: 0 })
    }
  }

  /** From all other brokers, in one direction or both, with the store and the clients or without. */
  #isolate(broker: number, amount: number): () => void {
    const { simulation, store } = this.#cluster
    const { network } = simulation
    const name = machineName(broker)
    const others = this.#othersThan(broker).map(machineName)
    if (amount < 0.3) others.push(clientMachine)
    for (const other of others) {
      if (amount < 0.7) network.block(name, other)
      if (amount < 0.4 || amount >= 0.7) network.block(other, name)
    }
    const fromStore = amount > 0.2 && amount < 0.6
    if (fromStore) store.cutOff(name)
    return () => {
      for (const other of others) network.unblock(name, other)
      if (fromStore) store.heal(name)
    }
  }

  /** Its own way out refuses what it asks of these brokers: to it they look dead, and are not. */
  #refuse(broker: number, others: readonly number[]): () => void {
    const { network } = this.#cluster.simulation
    for (const other of others) network.refuse(machineName(broker), machineName(other))
    return () => {
      for (const other of others) network.unblock(machineName(broker), machineName(other))
    }
  }

  #othersThan(broker: number): number[] {
    return this.#cluster.brokerIds.filter(id => id !== broker)
  }

  #beginAtStore(fault: Fault): () => void {
    const { kind, broker, forMs, amount } = fault
    const { store } = this.#cluster
    const name = machineName(broker)
    switch (kind) {
      case 'store unreachable': {
        const client = amount < 0.3 ? '*' : name
        store.cutOff(client)
        return () => store.heal(client)
      }
      case 'store answers lost':
        store.loseAnswers(name, forMs)
        return nothing
      case 'store cut off in a commit':
        return this.#cutOffInCommit(fault)
      case 'store messages lost':
        Object.assign(store.faults, { loss: amount * 0.5, stall: amount * 0.3, stallMs: [10, 8000] })
        return () => Object.assign(store.faults, { loss: 0, stall: 0 })
      case 'store watches late':
        store.faults.watchDelayMs = [0, amount * 4000]
        return () => Object.assign(store.faults, { watchDelayMs: [0, 2] })
      case 'leases ended':
        store.endLeases(name)
        return nothing
      default:
        store.compact()
        store.strangerWrites()
        return nothing
    }
  }

  /**
   * A replica has come to be in sync where this broker leads, and nobody is told: in that moment its broker, or everybody, is cut off
   * from the store, and the newcomer from the other brokers, perhaps.
   */
  #cutOffInCommit({ broker, forMs, amount }: Fault): () => void {
    const { store } = this.#cluster
    store.afterWrites(machineName(broker), write => {
      const newcomer = newcomerIn(write)
      if (this.#isOver || newcomer === null) return this.#isOver
      const client = amount < 0.6 ? '*' : machineName(broker)
      this.#note('faults', `broker ${newcomer} is in sync, and ${client === '*' ? 'nobody' : client} hears of it`)
      store.cutOff(client)
      const rejoin = amount < 0.4 ? this.#isolate(newcomer, 0.65) : nothing
      this.#after(forMs, () => {
        store.heal(client)
        rejoin()
      })
      return true
    })
    return nothing
  }

  /** What would break the promise is left out: then nothing could be asked of the cluster. */
  #isAllowed({ kind, broker }: Fault): boolean {
    switch (kind) {
      case 'crash':
      case 'crash in a disk call':
        return this.#cluster.machine(broker).isUp && !this.#cluster.isHeldDown(broker) && this.#nobodyIsInDoubt()
      case 'stop':
        // Where there is no space it ends as a kill does.
        return this.#cluster.machine(broker).isUp && !this.#cluster.isHeldDown(broker) && this.#nobodyIsInDoubt()
      case 'full disk':
        return this.#nobodyIsInDoubt()
      case 'failing disk':
        return !this.#failing.has(broker) && this.#nobodyIsInDoubt()
      case 'pause':
        return this.#cluster.machine(broker).isUp && !this.#cluster.isHeldDown(broker)
      case 'power loss':
        return !this.#cluster.isHeldDown(broker) && this.#mayLosePower(broker)
      case 'power loss in a disk call':
        // One that is dead already would die in its next life, when the other replicas are no longer asked.
        return this.#cluster.machine(broker).isUp && !this.#cluster.isHeldDown(broker) && this.#mayLosePower(broker)
      case 'new disk':
      case 'bit rot':
        return this.#plan.minInSyncReplicas > 1 && !this.#cluster.isHeldDown(broker) && this.#canSpareDisk(broker)
      default:
        return true
    }
  }

  #mayLosePower(broker: number): boolean {
    return this.#plan.isFlushed ? this.#nobodyIsInDoubt() : this.#canSpareDisk(broker)
  }

  /** Whatever this broker has, all other replicas have, too, and are there. */
  #canSpareDisk(broker: number): boolean {
    const isThere = (id: number) =>
      this.#cluster.serves(id) &&
      this.#state.isRegistered(id) &&
      (this.#doomedUntilMs.get(id) ?? 0) <= this.#cluster.simulation.nowMs &&
      !this.#failing.has(id) &&
      this.#cluster.machine(id).disk.faults.limitBytes === Number.POSITIVE_INFINITY
    return this.#state.partitions().every(partition => {
      const { isr, replicas } = partition.state
      if (!replicas.includes(broker)) return true
      return replicas.every(
        id => isr.includes(id) && (id === broker || (isThere(id) && this.#replicas.hasAll(partition, id))),
      )
    })
  }

  /**
   * Nobody counts as in sync whose disk has lost records and who has not said so yet, which it does when it starts again. If all others
   * died before that, they would leave the in-sync sets to it, since a broker that was killed does not trust its own disk.
   */
  #nobodyIsInDoubt(): boolean {
    return this.#state.partitions().every(partition => {
      const { isr, elr, lastKnownElr } = partition.state
      return [...isr, ...elr, ...lastKnownElr].every(id => this.#replicas.hasAll(partition, id))
    })
  }
}

const quickDisk = { pooledMs: [0.05, 0.5], blockingMs: [0, 0] } as const
const soundDisk = { readFailure: 0, writeFailure: 0 } as const

/** Who has joined the in-sync replicas of a partition by that. */
function newcomerIn({ key, value, before }: CommittedWrite): number | null {
  if (value === null || before === null) return null
  const [now, then] = [decodeChange({ key, value }), decodeChange({ key, value: before })]
  if (now?.kind !== 'partition' || then?.kind !== 'partition') return null
  return now.value?.isr.find(id => !then.value?.isr.includes(id)) ?? null
}

function nothing(): void {}
