// A core with the shell's duties done by hand: time stands still until it is told to pass, answers are collected.
import type { Answered, Decision, DurableEvent, GroupEvent, JoinAnswer, SyncAnswer, TimerInput } from '../decision.ts'
import { defaultGroupConfig, type GroupConfig } from '../group-config.ts'
import { GroupCore } from '../group-core.ts'
import type { JoinRequest } from '../join-group.ts'
import type { SyncRequest } from '../member-requests.ts'

export interface PendingTimer {
  readonly atMs: number
  readonly input: TimerInput
}

export class GroupWorld {
  readonly config: GroupConfig
  core: GroupCore
  nowMs = 0
  /** Since the last restart, and what the log had kept until then. */
  readonly events: GroupEvent[] = []
  readonly joins = new Map<number, JoinAnswer>()
  readonly syncs = new Map<number, SyncAnswer>()
  readonly timers = new Map<string, PendingTimer>()
  #requestId = 0
  #members = 0

  constructor(config: Partial<GroupConfig> = {}) {
    this.config = { ...defaultGroupConfig, ...config }
    this.core = new GroupCore(this.config)
  }

  /** Of `events`, what the log has kept. */
  get records(): DurableEvent[] {
    return this.events.filter(event => event.type !== 'group-changed')
  }

  carryOut(decision: Decision): void {
    for (const event of decision.events) {
      this.events.push(event)
      this.core.apply(event)
    }
    for (const timer of decision.timers) {
      if (timer.atMs === null) this.timers.delete(timer.key)
      else this.timers.set(timer.key, { atMs: timer.atMs, input: timer.input })
    }
    for (const reply of decision.replies) {
      if (reply.api === 'join') this.joins.set(reply.requestId, reply.answer)
      else this.syncs.set(reply.requestId, reply.answer)
    }
  }

  answer<A>(decision: Answered<A>): A {
    this.carryOut(decision)
    return decision.answer
  }

  /** The request's id: its answer is in `joins`, now or later. A member's id is its client's, and a number. */
  join(request: JoinRequest, { apiVersion, clientId }: { apiVersion: number; clientId: string }): number {
    const requestId = ++this.#requestId
    const memberIdSuffix = String(++this.#members)
    const input = { requestId, apiVersion, request, clientId, clientHost: '/10.0.0.1', memberIdSuffix }
    this.carryOut(this.core.decideJoin(input, this.nowMs))
    return requestId
  }

  sync(request: SyncRequest): number {
    const requestId = ++this.#requestId
    this.carryOut(this.core.decideSync({ requestId, request }, this.nowMs))
    return requestId
  }

  /** Fires what falls due, in order. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const [next] = [...this.timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)
      if (next === undefined) break
      const [key, { atMs, input }] = next
      this.nowMs = Math.max(this.nowMs, atMs)
      this.timers.delete(key)
      this.carryOut(this.core.decideTimer(input, this.nowMs))
    }
    this.nowMs = endMs
  }

  /** A new core, with what the log has kept. */
  restart(): void {
    this.core = new GroupCore(this.config)
    this.timers.clear()
    const kept = this.records
    this.events.length = 0
    this.events.push(...kept)
    for (const event of kept) this.core.replay(event)
    this.carryOut(this.core.decideLoaded(this.nowMs))
  }
}

/** A consumer's subscription, as version 0 writes it. */
export function subscription(topics: readonly string[]): Buffer {
  const parts = topics.map(topic => {
    const name = Buffer.from(topic)
    const length = Buffer.alloc(2)
    length.writeInt16BE(name.length)
    return Buffer.concat([length, name])
  })
  const head = Buffer.alloc(6)
  head.writeInt32BE(topics.length, 2)
  return Buffer.concat([head, ...parts, Buffer.from([0xff, 0xff, 0xff, 0xff])])
}
