/** One seed's history: a cluster, its clients, its faults, and what must hold of it. */
import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import { checkRunOut } from './checkers/lease-checker.ts'
import { checkStep } from './checkers/metadata-checker.ts'
import { ReplicaChecker } from './checkers/replica-checker.ts'
import { Cluster } from './cluster.ts'
import { ClusterState, type KnownPartition } from './cluster-state.ts'
import { FaultInjector } from './fault-injector.ts'
import { GroupLedger } from './group-ledger.ts'
import { Ledger } from './ledger.ts'
import type { Plan } from './plan.ts'
import { Violation } from './verdict.ts'
import { changeTopics, createTopic, deleteRecords, reassign, setMinInSyncReplicas } from './workload/admin.ts'
import { GroupMember } from './workload/group-member.ts'
import { Producer } from './workload/producer.ts'
import { Reader } from './workload/reader.ts'
import { newClient, type World } from './world.ts'

export interface Outcome {
  readonly seed: number | string
  readonly traceHash: string
  readonly virtualMs: number
  readonly events: number
  readonly faults: number
  readonly acknowledged: number
  readonly generations: number
  /** Null: all held. */
  readonly failure: { readonly invariant: string; readonly text: string } | null
}

export interface HistoryOptions {
  readonly plan: Plan
  /** Hears of everything, with the virtual time. */
  readonly onLine?: (line: string) => void
}

/** After the last fault, all must be available again within so much virtual time, and all clients be done in as much again. */
const healWithinMs = 120_000
const checkEveryMs = 250
const group = 'group'

export async function runHistory(options: HistoryOptions): Promise<Outcome> {
  return new History(options).run()
}

class History {
  readonly #plan: Plan
  readonly #simulation: Simulation
  readonly #cluster: Cluster
  readonly #state: ClusterState
  readonly #ledger = new Ledger()
  readonly #replicas: ReplicaChecker
  readonly #faults: FaultInjector
  readonly #world: World
  readonly #groups: GroupLedger
  readonly #onLine: ((line: string) => void) | undefined
  #isClosing = false
  #clientsAtWork = 0
  #failure: unknown = null

  constructor({ plan, onLine }: HistoryOptions) {
    this.#plan = plan
    this.#onLine = onLine
    this.#simulation = createSimulation({ seed: plan.seed })
    const note = (who: string, what: string) => this.#note(who, what)
    const cluster = new Cluster({ simulation: this.#simulation, plan, note })
    const state = new ClusterState(cluster.store)
    const ledger = this.#ledger
    const replicas = new ReplicaChecker({ cluster, state, ledger, isFlushed: plan.isFlushed })
    this.#cluster = cluster
    this.#state = state
    this.#replicas = replicas
    cluster.store.whenLeaseRunsOut(entries => this.#check(() => checkRunOut(entries, id => cluster.epochOf(id))))
    this.#faults = new FaultInjector({ cluster, plan, state, replicas, note })
    this.#world = { simulation: this.#simulation, plan, ledger, note, isClosing: () => this.#isClosing }
    this.#groups = new GroupLedger({
      group,
      places: this.#places.map(({ topic, partition }) => `${topic}-${partition}`),
      isEnd: (place, offset) => this.#isEnd(place, offset),
    })
  }

  async run(): Promise<Outcome> {
    const onUnhandled = (error: unknown) => this.#fail(error)
    process.on('unhandledRejection', onUnhandled)
    try {
      await this.#live()
    } catch (error) {
      this.#fail(error)
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    const { traceHash, nowMs, eventsDone } = this.#simulation
    return {
      seed: this.#plan.seed,
      traceHash,
      virtualMs: Math.round(nowMs),
      events: eventsDone,
      faults: this.#faults.done,
      acknowledged: this.#ledger.acknowledgedRecords,
      generations: this.#groups.generations,
      failure: this.#failure === null ? null : describe(this.#failure),
    }
  }

  get #places(): { topic: string; partition: number }[] {
    return this.#plan.topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    )
  }

  async #live(): Promise<void> {
    this.#faults.schedule()
    for (const id of this.#plan.brokerIds) this.#cluster.start(id)
    this.#tick()
    this.#begin('setup', () => this.#setUp())
    await this.#runUntil(() => this.#simulation.nowMs >= this.#plan.durationMs, this.#plan.durationMs + 1)
    this.#note('faults', 'all is healed')
    this.#faults.healAll()
    await this.#available()
    this.#isClosing = true
    await this.#runUntil(
      () => this.#clientsAtWork === 0,
      healWithinMs,
      () => 'clients have not come to an end',
    )
    await this.#available()
    await this.#simulation.runFor(2000)
    for (const partition of this.#state.partitions()) this.#replicas.checkWhole(partition)
    if (this.#failure !== null) throw this.#failure
  }

  async #setUp(): Promise<void> {
    const admin = newClient(this.#world, 'admin')
    await setMinInSyncReplicas(admin, this.#plan.minInSyncReplicas)
    for (const topic of this.#plan.topics) await createTopic(admin, topic)
    const { topics, changesTopics, deletesRecords, reassigns } = this.#plan
    for (const { topic, partition } of this.#places) {
      const name = `${topic}-${partition}`
      const producers = [
        { name: `i-${name}`, topic, partition, isIdempotent: true, acks: 'all' },
        { name: `p-${name}`, topic, partition, isIdempotent: false, acks: 'all' },
        { name: `u-${name}`, topic, partition, isIdempotent: false, acks: 'leader' },
      ] as const
      for (const options of producers) this.#begin(options.name, () => new Producer(this.#world, options).run())
      this.#begin(`reader ${name}`, () => new Reader(this.#world, { topic, partition }).run())
    }
    for (const name of ['member-1', 'member-2', 'member-3']) {
      const options = { name, group, places: this.#places, groups: this.#groups }
      this.#begin(name, () => new GroupMember(this.#world, options).run())
    }
    if (deletesRecords) this.#begin('deletions', () => deleteRecords(this.#world, this.#places))
    if (changesTopics) this.#begin('topics', () => changeTopics(this.#world))
    if (reassigns && topics.length > 0) this.#begin('reassignments', () => reassign(this.#world))
  }

  #begin(who: string, work: () => Promise<void>): void {
    this.#clientsAtWork++
    work().then(
      () => {
        this.#clientsAtWork--
        this.#note(who, 'is done')
      },
      error => this.#fail(error),
    )
  }

  #isEnd(place: string, offset: number): boolean {
    const [, topic = '', index = ''] = /^(.+)-(\d+)$/.exec(place) ?? []
    const topicId = this.#state.topicId(topic)
    if (topicId === undefined) return false
    return offset >= this.#ledger.acknowledgedTo(topicId, Number(index))
  }

  /** Every now and then the checkers look. */
  #tick(): void {
    this.#simulation.at(this.#simulation.nowMs + checkEveryMs, () => {
      if (this.#failure !== null) return
      this.#check(() => this.#look())
      this.#tick()
    })
  }

  #check(look: () => void): void {
    try {
      look()
    } catch (error) {
      this.#fail(error)
    }
  }

  #look(): void {
    this.#state.advance(this.#simulation.nowMs, step => {
      this.#replicas.note(step)
      const { leader, leaderEpoch, isr, elr, replicas } = step.after
      this.#note(
        'store',
        `${step.key} leader ${leader} epoch ${leaderEpoch} isr ${isr} elr ${elr} replicas ${replicas}`,
      )
      checkStep(step, id => this.#state.registeredMs(id) !== null)
    })
    const partitions = this.#state.partitions()
    if (partitions.length === 0) return
    const random = this.#simulation.random(`check at ${this.#simulation.eventsDone}`)
    const partition = random.pick(partitions)
    this.#replicas.checkAcknowledged(partition)
    const broker = random.pick(this.#plan.brokerIds)
    if (this.#cluster.serves(broker)) this.#replicas.checkCommitted(partition, broker)
  }

  /** All brokers are registered, each partition has a leader, and all its replicas are in sync. */
  async #available(): Promise<void> {
    const isAvailable = () =>
      this.#plan.brokerIds.every(id => this.#cluster.serves(id) && this.#state.isRegistered(id)) &&
      this.#state.partitions().every(isWhole)
    const why = () => {
      const away = this.#plan.brokerIds.filter(id => !this.#cluster.serves(id) || !this.#state.isRegistered(id))
      const partitions = this.#state.partitions().filter(one => !isWhole(one))
      return `brokers away: ${away}; ${partitions.map(one => `${one.topic}-${one.index} ${JSON.stringify(one.state)}`).join('; ')}`
    }
    await this.#runUntil(isAvailable, healWithinMs, why)
  }

  /** Asked now and then, not between any two events. */
  async #runUntil(condition: () => boolean, withinMs: number, why?: () => string): Promise<void> {
    const endMs = this.#simulation.nowMs + withinMs
    while (this.#failure === null && !condition()) {
      if (this.#simulation.nowMs >= endMs) {
        if (why === undefined) return
        throw new Violation('availability', `not within ${withinMs} ms: ${why()}`)
      }
      const nextMs = Math.min(endMs, this.#simulation.nowMs + checkEveryMs)
      await this.#simulation.run(nextMs)
    }
    if (this.#failure !== null) throw this.#failure
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#note('FAILURE', describe(error).text)
  }

  #note(who: string, what: string): void {
    this.#onLine?.(`${(this.#simulation.nowMs / 1000).toFixed(3).padStart(9)} ${who.padEnd(10)} ${what}`)
  }
}

function isWhole({ state }: KnownPartition): boolean {
  const { leader, isr, replicas, addingReplicas, removingReplicas } = state
  return (
    leader >= 0 &&
    replicas.every(id => isr.includes(id)) &&
    addingReplicas.length === 0 &&
    removingReplicas.length === 0
  )
}

function describe(error: unknown): { invariant: string; text: string } {
  if (error instanceof Violation) return { invariant: error.invariant, text: error.message }
  return { invariant: 'no bug shows', text: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
