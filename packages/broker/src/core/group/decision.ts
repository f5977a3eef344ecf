// What a decision of the group core consists of: plain data, which the shell carries out.
import type { ClassicGroup } from './classic-group.ts'
import type { CommittedOffset } from './committed-offsets.ts'

/**
 * What happened. All are applied in order; the log keeps all but `group-changed`. A `group-stored` is followed by the
 * `group-changed` that adds what only memory knows.
 */
export type GroupEvent =
  | { readonly type: 'group-stored'; readonly group: StoredGroup }
  | { readonly type: 'group-changed'; readonly group: ClassicGroup }
  | { readonly type: 'group-removed'; readonly groupId: string }
  | OffsetCommitted
  | OffsetRemoved

export interface OffsetCommitted {
  readonly type: 'offset-committed'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly offset: CommittedOffset
}

export interface OffsetRemoved {
  readonly type: 'offset-removed'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

export type DurableEvent = Exclude<GroupEvent, { readonly type: 'group-changed' }>

/** A group as the log keeps it: Kafka's GroupMetadataValue. */
export interface StoredGroup {
  readonly groupId: string
  /** Null for a group that has had no members yet. */
  readonly protocolType: string | null
  readonly generationId: number
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly stateChangedAtMs: number | null
  readonly members: readonly StoredMember[]
}

export interface StoredMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** The metadata of the group's protocol. */
  readonly subscription: Buffer
  readonly assignment: Buffer
}

/** Answers to requests that may have been parked before. The shell holds them until the events are committed. */
export type Reply =
  | { readonly api: 'join'; readonly requestId: number; readonly answer: JoinAnswer }
  | { readonly api: 'sync'; readonly requestId: number; readonly answer: SyncAnswer }

/** A JoinGroup response but its throttle time. */
export interface JoinAnswer {
  readonly errorCode: number
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly JoinAnswerMember[]
}

export interface JoinAnswerMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Buffer
}

/** A SyncGroup response but its throttle time. */
export interface SyncAnswer {
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

/** One timer a key: setting it again replaces it, null cancels it. `atMs` is on the clock of `nowMs`. */
export type TimerCommand =
  | { readonly key: string; readonly atMs: number; readonly input: TimerInput }
  | { readonly key: string; readonly atMs: null }

/** What comes back when a timer is due. It may be stale: the core looks again. */
export type TimerInput =
  | { readonly type: 'session-expired'; readonly groupId: string; readonly memberId: string }
  | { readonly type: 'join-expired'; readonly groupId: string }
  | { readonly type: 'initial-delay-over'; readonly groupId: string; readonly delayMs: number; readonly leftMs: number }
  | { readonly type: 'sync-expired'; readonly groupId: string; readonly generationId: number }

export interface Decision {
  readonly events: readonly GroupEvent[]
  readonly replies: readonly Reply[]
  readonly timers: readonly TimerCommand[]
}

/** A decision on a request that is never parked. */
export interface Answered<A> extends Decision {
  readonly answer: A
}

export const nothing: Decision = { events: [], replies: [], timers: [] }

/** An answer that changes nothing. */
export function answered<A>(answer: A): Answered<A> {
  return { events: [], replies: [], timers: [], answer }
}

// A NUL cannot stand in the way: ids that hold one only make timers of two odd members share a key.
export const sessionKey = (groupId: string, memberId: string): string => `session\0${groupId}\0${memberId}`
export const joinKey = (groupId: string): string => `join\0${groupId}`
export const syncKey = (groupId: string): string => `sync\0${groupId}`
