// One partition of `__consumer_offsets`: loads its core from the log, carries out the core's decisions, fires its timers.
import type { Clock, Timer } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import type {
  Answered,
  Decision,
  DurableEvent,
  JoinAnswer,
  Reply,
  SyncAnswer,
  TimerInput,
} from '../core/group/decision.ts'
import { GroupCore } from '../core/group/group-core.ts'
import { joinAnswer, syncAnswer } from '../core/group/group-transition.ts'
import type { JoinInput } from '../core/group/join-group.ts'
import type { HeartbeatRequest, SyncInput } from '../core/group/member-requests.ts'
import type { Logger } from '../logger.ts'
import { Answer } from './answer.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { DeadlineTimers } from './deadline-timers.ts'
import type { GroupCoordinatorConfig } from './group-coordinator-config.ts'
import { encodeGroupEvent } from './group-records.ts'
import { GroupReplay } from './group-replay.ts'
import { RecordQueue } from './record-queue.ts'

/** After a load that failed, for instance as the disk did. */
const reloadDelayMs = 1_000

type ShardState =
  | { readonly name: 'unloaded' }
  | { readonly name: 'loading'; readonly done: Promise<void> }
  | { readonly name: 'active'; readonly core: GroupCore; readonly queue: RecordQueue }
  | { readonly name: 'failed'; readonly reload: Timer }
  | { readonly name: 'closed' }

export interface GroupShardOptions {
  readonly partition: number
  readonly log: CoordinatorLog
  readonly config: GroupCoordinatorConfig
  readonly clock: Clock
  readonly logger: Logger
}

/** A decision's way to its answer. */
export interface Operation<A> {
  decide(core: GroupCore, nowMs: number): Answered<A>
  /** The answer that says this error code. */
  refuse(errorCode: number): A
}

export class GroupShard {
  readonly #options: GroupShardOptions
  readonly #timers: DeadlineTimers<TimerInput>
  readonly #joins = new Map<number, Answer<JoinAnswer>>()
  readonly #syncs = new Map<number, Answer<SyncAnswer>>()
  #requestId = 0
  #state: ShardState = { name: 'unloaded' }

  constructor(options: GroupShardOptions) {
    this.#options = options
    this.#timers = new DeadlineTimers(options.clock, input => this.#onTimer(input))
  }

  /** There may be something to load. */
  get hasRecords(): boolean {
    return !this.#options.log.isEmpty
  }

  /** Resolves when the shard is loaded, or has failed to; at once if there is nothing to load. */
  load(): void | Promise<void> {
    const { name } = this.#state
    if (name === 'loading') return this.#state.done
    if (name !== 'unloaded') return
    const core = new GroupCore(this.#options.config)
    const replay = new GroupReplay(core)
    const outcome = this.#replay(replay)
    if (!(outcome instanceof Promise)) return this.#loaded(core, replay, outcome)
    const done = outcome.then(errorCode => this.#loaded(core, replay, errorCode))
    this.#state = { name: 'loading', done }
    return done
  }

  /** Carries out a request. A value where nothing has to be waited for. */
  run<A>(operation: Operation<A>): A | Promise<A> {
    const active = this.#active()
    if (typeof active === 'number') return operation.refuse(active)
    const nowMs = this.#options.clock.now()
    const decision = operation.decide(active.core, nowMs)
    const answer = new Answer<A>()
    this.#carryOut(active, decision, nowMs, errorCode => {
      answer.give(errorCode === errorCodes.NONE ? decision.answer : operation.refuse(errorCode))
    })
    return answer.take()
  }

  /** Answered at once, whatever is queued: it tells the member nothing but that its generation is the current one. */
  heartbeat(request: HeartbeatRequest): { readonly errorCode: number } {
    const active = this.#active()
    if (typeof active === 'number') {
      // The member cannot know better, and its session starts anew after the load.
      return { errorCode: active === errorCodes.COORDINATOR_LOAD_IN_PROGRESS ? errorCodes.NONE : active }
    }
    const nowMs = this.#options.clock.now()
    const decision = active.core.decideHeartbeat(request, nowMs)
    this.#setTimers(decision, nowMs)
    return decision.answer
  }

  join(input: Omit<JoinInput, 'requestId'>): JoinAnswer | Promise<JoinAnswer> {
    return this.#park({
      parked: this.#joins,
      decide: (core, requestId, nowMs) => core.decideJoin({ ...input, requestId }, nowMs),
      refuse: errorCode => joinAnswer({ errorCode }),
    })
  }

  sync(input: Omit<SyncInput, 'requestId'>): SyncAnswer | Promise<SyncAnswer> {
    return this.#park({
      parked: this.#syncs,
      decide: (core, requestId, nowMs) => core.decideSync({ ...input, requestId }, nowMs),
      refuse: errorCode => syncAnswer({ errorCode }),
    })
  }

  /** Carries out what no client asked for. */
  tick(decide: (core: GroupCore, nowMs: number) => Decision): void {
    if (this.#state.name !== 'active') return
    const nowMs = this.#options.clock.now()
    this.#carryOut(this.#state, decide(this.#state.core, nowMs), nowMs, () => {})
  }

  /** All who wait are told to look for another coordinator. */
  close(): void {
    const before = this.#state
    this.#state = { name: 'closed' }
    if (before.name === 'active') before.queue.close(errorCodes.NOT_COORDINATOR)
    else if (before.name === 'failed') before.reload.cancel()
    this.#drop(errorCodes.NOT_COORDINATOR)
  }

  /** Null while it is not loaded: for tests and for looking inside. */
  get core(): GroupCore | null {
    return this.#state.name === 'active' ? this.#state.core : null
  }

  /** The core and its queue, or the error code that says why not. Loads where that is due. */
  #active(): Extract<ShardState, { name: 'active' }> | number {
    if (this.#state.name === 'unloaded') void this.load()
    const state = this.#state
    if (state.name === 'active') return state
    return state.name === 'loading' ? errorCodes.COORDINATOR_LOAD_IN_PROGRESS : errorCodes.NOT_COORDINATOR
  }

  #replay(replay: GroupReplay): number | Promise<number> {
    const failed = (error: unknown): number => {
      const { partition, logger } = this.#options
      logger.error('a partition of __consumer_offsets holds what is no group record', { partition, error })
      return errorCodes.KAFKA_STORAGE_ERROR
    }
    if (!this.hasRecords) return errorCodes.NONE
    try {
      const outcome = this.#options.log.replay(batches => replay.take(batches))
      return outcome instanceof Promise ? outcome.catch(failed) : outcome
    } catch (error) {
      return failed(error)
    }
  }

  #loaded(core: GroupCore, replay: GroupReplay, errorCode: number): void {
    if (this.#state.name === 'closed') return
    const { partition, logger, log, clock, config } = this.#options
    if (errorCode !== errorCodes.NONE) {
      logger.error('the groups of a partition cannot be loaded', { partition, errorCode })
      this.#retryLater()
      return
    }
    const compression = config.offsetsTopicCompression
    const onFailed = (code: number): void => this.#onFailed(code)
    this.#state = { name: 'active', core, queue: new RecordQueue({ log, clock, compression, onFailed }) }
    if (logger.debugEnabled)
      logger.debug('groups loaded', { partition, records: replay.records, groups: core.groups.size })
    if (replay.unknownRecords > 0) {
      logger.warn('records of other kinds of groups were left out', { partition, records: replay.unknownRecords })
    }
    this.tick((loaded, nowMs) => loaded.decideLoaded(nowMs))
  }

  #park<A>(request: {
    parked: Map<number, Answer<A>>
    decide(core: GroupCore, requestId: number, nowMs: number): Decision
    refuse(errorCode: number): A
  }): A | Promise<A> {
    const active = this.#active()
    if (typeof active === 'number') return request.refuse(active)
    const nowMs = this.#options.clock.now()
    const requestId = ++this.#requestId
    const answer = new Answer<A>()
    request.parked.set(requestId, answer)
    this.#carryOut(active, request.decide(active.core, requestId, nowMs), nowMs, errorCode => {
      if (errorCode === errorCodes.NONE) return
      request.parked.delete(requestId)
      answer.give(request.refuse(errorCode))
    })
    return answer.take()
  }

  /**
   * `settled` is told NONE once all that the answers rest on is committed, or why not. What takes too long may still be
   * committed later: then it is told of that, too, and only the first time counts.
   */
  #carryOut(
    { core, queue }: Extract<ShardState, { name: 'active' }>,
    decision: Decision,
    nowMs: number,
    settled: (errorCode: number) => void,
  ): void {
    const durable = decision.events.filter((event): event is DurableEvent => event.type !== 'group-changed')
    const records = durable.map(encodeGroupEvent)
    if (!records.every(record => queue.fits(record))) {
      // Nothing has been applied yet, so nothing has to be undone.
      settled(errorCodes.UNKNOWN_SERVER_ERROR)
      return
    }
    for (const event of decision.events) core.apply(event)
    this.#setTimers(decision, nowMs)
    if (records.length === 0 && queue.isSettled) {
      settled(errorCodes.NONE)
      this.#reply(decision.replies)
      return
    }
    const { clock, config } = this.#options
    const limit = clock.after(config.offsetsCommitTimeoutMs, () => settled(toClient(errorCodes.REQUEST_TIMED_OUT)))
    queue.push(records, nowMs, errorCode => {
      limit.cancel()
      settled(toClient(errorCode))
      if (errorCode === errorCodes.NONE) this.#reply(decision.replies)
    })
  }

  #setTimers({ timers }: Decision, nowMs: number): void {
    for (const timer of timers) {
      if (timer.atMs === null) this.#timers.cancel(timer.key)
      else this.#timers.set(timer.key, timer.atMs - nowMs, timer.input)
    }
  }

  #reply(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.api === 'join') take(this.#joins, reply.requestId)?.give(reply.answer)
      else take(this.#syncs, reply.requestId)?.give(reply.answer)
    }
  }

  #onTimer(input: TimerInput): void {
    this.tick((core, nowMs) => core.decideTimer(input, nowMs))
  }

  /** The log did not take what the core has applied: back to what the log holds. */
  #onFailed(errorCode: number): void {
    const { partition, logger } = this.#options
    logger.error('group records could not be written; the groups are loaded again', { partition, errorCode })
    this.#state = { name: 'unloaded' }
    this.#drop(toClient(errorCode))
    void this.load()
  }

  #retryLater(): void {
    const reload = this.#options.clock.after(reloadDelayMs, () => {
      this.#state = { name: 'unloaded' }
      void this.load()
    })
    this.#state = { name: 'failed', reload }
  }

  /** Without a core nobody would answer those who are parked. */
  #drop(errorCode: number): void {
    this.#timers.clear()
    for (const answer of this.#joins.values()) answer.give(joinAnswer({ errorCode }))
    for (const answer of this.#syncs.values()) answer.give(syncAnswer({ errorCode }))
    this.#joins.clear()
    this.#syncs.clear()
  }
}

function take<A>(parked: Map<number, Answer<A>>, requestId: number): Answer<A> | undefined {
  const answer = parked.get(requestId)
  parked.delete(requestId)
  return answer
}

/** A group's client knows nothing of the partition behind it: it may ask again, or look for the coordinator again. */
function toClient(errorCode: number): number {
  switch (errorCode) {
    case errorCodes.UNKNOWN_TOPIC_OR_PARTITION:
    case errorCodes.NOT_ENOUGH_REPLICAS:
    case errorCodes.REQUEST_TIMED_OUT:
      return errorCodes.COORDINATOR_NOT_AVAILABLE
    case errorCodes.NOT_LEADER_OR_FOLLOWER:
    case errorCodes.KAFKA_STORAGE_ERROR:
      return errorCodes.NOT_COORDINATOR
    case errorCodes.MESSAGE_TOO_LARGE:
    case errorCodes.RECORD_LIST_TOO_LARGE:
      return errorCodes.UNKNOWN_SERVER_ERROR
    default:
      return errorCode
  }
}
