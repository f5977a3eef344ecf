// The groups of one `__consumer_offsets` partition as a deterministic state machine: `decide…` reads, `apply` writes.
import { type ClassicGroup, emptyGroup } from './classic-group.ts'
import { CommittedOffsets } from './committed-offsets.ts'
import {
  type Answered,
  type Decision,
  type DurableEvent,
  type GroupEvent,
  nothing,
  type TimerCommand,
  type TimerInput,
} from './decision.ts'
import type { GroupConfig } from './group-config.ts'
import { decideDelete, decideExpiry, decideTopicsDeleted } from './group-removal.ts'
import { GroupTransition, restoreGroup } from './group-transition.ts'
import { type DescribedGroup, described, type GroupFilter, type ListedGroup, listed, passes } from './group-views.ts'
import { decideJoin, type JoinInput } from './join-group.ts'
import {
  decideHeartbeat,
  decideLeave,
  decideSync,
  type HeartbeatRequest,
  type LeaveAnswer,
  type LeaveRequest,
  type SyncInput,
  sessionProlonged,
} from './member-requests.ts'
import {
  type CommitAnswer,
  type CommitInput,
  decideCommit,
  decideOffsetDelete,
  fetchOffsets,
  type OffsetDeleteAnswer,
  type OffsetDeleteRequest,
  type OffsetFetchQuery,
  type OffsetFetchTopic,
} from './offset-requests.ts'
import { completeJoin, endInitialDelay, expirePendingSyncs, expireSession, prepareRebalance } from './rebalance.ts'

/** `nowMs` is the wall clock: it goes into records. */
export class GroupCore {
  readonly #config: GroupConfig
  readonly #groups = new Map<string, ClassicGroup>()
  readonly #offsets = new CommittedOffsets()

  constructor(config: GroupConfig) {
    this.#config = config
  }

  /** Replays what the log kept. `decideLoaded` follows the last one. */
  replay(event: DurableEvent): void {
    this.apply(event)
  }

  apply(event: GroupEvent): void {
    switch (event.type) {
      case 'group-stored':
        this.#groups.set(event.group.groupId, restoreGroup(event.group))
        return
      case 'group-changed':
        this.#groups.set(event.group.groupId, event.group)
        return
      case 'group-removed':
        this.#groups.delete(event.groupId)
        return
      case 'offset-committed':
        // Offsets without a group make a simple one.
        if (!this.#groups.has(event.groupId)) this.#groups.set(event.groupId, emptyGroup(event.groupId, null))
        this.#offsets.set(event.groupId, event.topic, event.partition, event.offset)
        return
      case 'offset-removed':
        this.#offsets.remove(event.groupId, event.topic, event.partition)
        return
    }
  }

  /** Members that were there before the load must show that they still are. */
  decideLoaded(nowMs: number): Decision {
    const events: GroupEvent[] = []
    const timers: TimerCommand[] = []
    for (const group of this.#groups.values()) {
      for (const memberId of group.members.keys()) timers.push(...sessionProlonged(group, memberId, nowMs).timers)
      if (group.members.size > this.#config.groupMaxSize) {
        // The limit was lowered meanwhile.
        const decision = this.#change(group.groupId, nowMs, transition => prepareRebalance(transition, this.#config))
        events.push(...decision.events)
        timers.push(...decision.timers)
      }
    }
    return { events, replies: [], timers }
  }

  decideJoin(input: JoinInput, nowMs: number): Decision {
    return decideJoin(this.#groups.get(input.request.groupId), input, this.#config, nowMs)
  }

  decideSync(input: SyncInput, nowMs: number): Decision {
    return decideSync(this.#groups.get(input.request.groupId), input, nowMs)
  }

  decideHeartbeat(request: HeartbeatRequest, nowMs: number): Answered<{ readonly errorCode: number }> {
    return decideHeartbeat(this.#groups.get(request.groupId), request, nowMs)
  }

  decideLeave(request: LeaveRequest, nowMs: number): Answered<LeaveAnswer> {
    return decideLeave(this.#groups.get(request.groupId), request, this.#config, nowMs)
  }

  decideCommit(input: CommitInput, nowMs: number): Answered<CommitAnswer> {
    return decideCommit(this.#groups.get(input.request.groupId), input, this.#config, nowMs)
  }

  decideOffsetDelete(request: OffsetDeleteRequest): Answered<OffsetDeleteAnswer> {
    return decideOffsetDelete(this.#groups.get(request.groupId), request, this.#offsets)
  }

  /** A code for each group, in their order. */
  decideDelete(groupIds: readonly string[]): Answered<readonly number[]> {
    const results = groupIds.map(groupId => decideDelete(this.#groups.get(groupId), this.#offsets))
    return {
      ...nothing,
      events: results.flatMap(result => result.events),
      answer: results.map(result => result.errorCode),
    }
  }

  decideTopicsDeleted(topics: ReadonlySet<string>): Decision {
    return { ...nothing, events: decideTopicsDeleted(this.#offsets, topics) }
  }

  /** Every `offsets.retention.check.interval.ms`. */
  decideExpiry(nowMs: number): Decision {
    const limits = { nowMs, retentionMs: this.#config.offsetsRetentionMs }
    return {
      ...nothing,
      events: [...this.#groups.values()].flatMap(group => decideExpiry(group, this.#offsets, limits)),
    }
  }

  decideTimer(input: TimerInput, nowMs: number): Decision {
    const config = this.#config
    switch (input.type) {
      case 'session-expired':
        return this.#change(input.groupId, nowMs, transition => expireSession(transition, config, input.memberId))
      case 'join-expired':
        return this.#change(input.groupId, nowMs, transition => {
          if (transition.group.state === 'PreparingRebalance') completeJoin(transition)
        })
      case 'initial-delay-over':
        return this.#change(input.groupId, nowMs, transition => {
          if (transition.group.state === 'PreparingRebalance') endInitialDelay(transition, config, input)
        })
      case 'sync-expired':
        return this.#change(input.groupId, nowMs, transition => {
          expirePendingSyncs(transition, config, input.generationId)
        })
    }
  }

  #change(groupId: string, nowMs: number, rules: (transition: GroupTransition) => void): Decision {
    const group = this.#groups.get(groupId)
    if (group === undefined) return nothing
    const transition = new GroupTransition(group, nowMs)
    rules(transition)
    return transition.decision()
  }

  fetchOffsets(query: OffsetFetchQuery): OffsetFetchTopic[] {
    return fetchOffsets(this.#offsets, query)
  }

  describe(groupId: string, apiVersion: number): DescribedGroup {
    return described(groupId, this.#groups.get(groupId), apiVersion)
  }

  list(filter: GroupFilter): ListedGroup[] {
    return [...this.#groups.values()].filter(group => passes(group, filter)).map(listed)
  }

  /** The groups as they are, for tests and for looking inside. */
  get groups(): ReadonlyMap<string, ClassicGroup> {
    return this.#groups
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0
  }
}
