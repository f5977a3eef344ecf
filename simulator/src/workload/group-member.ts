import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  errorCodes,
  errorName,
  findCoordinatorRequest,
  findCoordinatorResponse,
  heartbeatRequest,
  heartbeatResponse,
  joinGroupRequest,
  joinGroupResponse,
  leaveGroupRequest,
  leaveGroupResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetFetchRequest,
  offsetFetchResponse,
  syncGroupRequest,
  syncGroupResponse,
} from '@odradek/protocol'
import { type Client, isPassing } from '../client.ts'
import type { GroupLedger } from '../group-ledger.ts'
import { Violation } from '../verdict.ts'
import { newClient, type World } from '../world.ts'
import { fetchOnce } from './reader.ts'

const sessionTimeoutMs = 8000
const heartbeatMs = 1000

interface Place {
  readonly topic: string
  readonly partition: number
}

/** The member has to join again; `forgetsId`: as somebody new. */
class Rejoin extends Error {
  readonly forgetsId: boolean

  constructor(forgetsId: boolean) {
    super('the member has to join again')
    this.forgetsId = forgetsId
  }
}

/** A consumer of the classic protocol, with the range assignor: joins, reads what is its own, commits. */
export class GroupMember {
  readonly #world: World
  readonly #groups: GroupLedger
  readonly #client: Client
  readonly #group: string
  readonly #places: readonly Place[]
  #coordinator: number | null = null
  #memberId = ''
  #generation = -1
  #lastHeartbeatMs = 0
  #mine: { readonly place: Place; offset: number }[] = []

  constructor(world: World, options: { name: string; group: string; places: readonly Place[]; groups: GroupLedger }) {
    this.#world = world
    this.#groups = options.groups
    this.#client = newClient(world, options.name)
    this.#group = options.group
    this.#places = options.places
  }

  async run(): Promise<void> {
    while (!this.#isDone()) {
      try {
        await this.#joinAndSync()
        await this.#consume()
      } catch (error) {
        if (!(error instanceof Rejoin)) throw error
        if (error.forgetsId) this.#memberId = ''
        await this.#client.sleep(50)
      }
    }
    await this.#leave()
  }

  #isDone(): boolean {
    return this.#world.isClosing() && this.#groups.isFinished()
  }

  async #joinAndSync(): Promise<void> {
    const topics = [...new Set(this.#places.map(({ topic }) => topic))]
    const metadata = withVersion(1, consumerProtocolSubscription.toBuffer(1, { topics, userData: null }))
    const joined = await this.#ask(coordinator =>
      this.#client.ask(
        coordinator,
        joinGroupRequest,
        joinGroupResponse,
        {
          groupId: this.#group,
          sessionTimeoutMs,
          rebalanceTimeoutMs: 5000,
          memberId: this.#memberId,
          groupInstanceId: null,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata }],
          reason: null,
        },
        { timeoutMs: 10_000 },
      ),
    )
    if (joined.errorCode === errorCodes.MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId
      throw new Rejoin(false)
    }
    this.#check(joined.errorCode, 'join')
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const isLeader = joined.leader === joined.memberId
    const members = joined.members.map(({ memberId }) => memberId).sort()
    const synced = await this.#ask(coordinator =>
      this.#client.ask(
        coordinator,
        syncGroupRequest,
        syncGroupResponse,
        {
          groupId: this.#group,
          generationId: this.#generation,
          memberId: this.#memberId,
          groupInstanceId: null,
          protocolType: 'consumer',
          protocolName: 'range',
          assignments: isLeader ? this.#assign(members) : [],
        },
        { timeoutMs: 10_000 },
      ),
    )
    this.#check(synced.errorCode, 'sync')
    const { assignedPartitions } = consumerProtocolAssignment.fromBuffer(0, synced.assignment.subarray(2))
    const places = assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map(partition => ({ topic, partition })),
    )
    const { note } = this.#world
    note(this.#client.name, `owns ${places.map(nameOf).join(' ')} in generation ${this.#generation}`)
    this.#groups.assigned({ generation: this.#generation, member: this.#memberId, places: places.map(nameOf) })
    this.#lastHeartbeatMs = this.#client.monotonicMs
    this.#mine = []
    for (const place of places) this.#mine.push({ place, offset: await this.#committedOffset(place) })
  }

  #assign(members: readonly string[]): { memberId: string; assignment: Buffer }[] {
    return members.map((memberId, at) => {
      const own = this.#places.filter((_, index) => index % members.length === at)
      const assignedPartitions = [...Map.groupBy(own, ({ topic }) => topic)].map(([topic, places]) => ({
        topic,
        partitions: places.map(({ partition }) => partition),
      }))
      const assignment = consumerProtocolAssignment.toBuffer(0, { assignedPartitions, userData: null })
      return { memberId, assignment: withVersion(0, assignment) }
    })
  }

  async #consume(): Promise<void> {
    const { random } = this.#client
    while (!this.#isDone()) {
      if (!this.#world.isClosing() && random.chance(0.003)) return this.#misbehave()
      for (const mine of this.#mine) {
        await this.#heartbeatIfDue()
        const at = { ...mine.place, offset: mine.offset, maxWaitMs: 100 }
        const fetched = await fetchOnce(this.#world, this.#client, at)
        if (fetched === null) continue
        if (fetched.goOnAt === mine.offset) continue
        mine.offset = fetched.goOnAt
        await this.#commit(mine.place, mine.offset)
      }
      await this.#heartbeatIfDue()
      await this.#client.sleep(random.pick([50, 200, 500]))
    }
  }

  /** As members do: it goes, with a word or without one, and comes back later. */
  async #misbehave(): Promise<void> {
    const { random } = this.#client
    if (random.chance(0.5)) await this.#leave()
    else await this.#client.sleep(random.pick([1000, sessionTimeoutMs + 4000]))
    throw new Rejoin(random.chance(0.5))
  }

  async #heartbeatIfDue(): Promise<void> {
    if (this.#client.monotonicMs - this.#lastHeartbeatMs < heartbeatMs) return
    const { errorCode } = await this.#ask(coordinator =>
      this.#client.ask(coordinator, heartbeatRequest, heartbeatResponse, {
        groupId: this.#group,
        generationId: this.#generation,
        memberId: this.#memberId,
        groupInstanceId: null,
      }),
    )
    this.#check(errorCode, 'heartbeat')
    this.#lastHeartbeatMs = this.#client.monotonicMs
  }

  async #commit(place: Place, offset: number): Promise<void> {
    this.#groups.commits(nameOf(place), offset)
    // A commit without an answer may still be on its way: only another generation keeps it from undoing a later one.
    const forgetsId = true
    const answer = await this.#ask(
      coordinator =>
        this.#client.ask(
          coordinator,
          offsetCommitRequest,
          offsetCommitResponse,
          {
            groupId: this.#group,
            generationIdOrMemberEpoch: this.#generation,
            memberId: this.#memberId,
            groupInstanceId: null,
            topics: [{ name: place.topic, partitions: [{ partitionIndex: place.partition, committedOffset: offset }] }],
          },
          { maxVersion: 9 },
        ),
      forgetsId,
    )
    const errorCode = answer.topics[0]?.partitions[0]?.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR
    // A broker that lags behind may not know the topic yet.
    if (isPassing(errorCode)) throw new Rejoin(false)
    this.#check(errorCode, 'commit')
    this.#groups.committed(nameOf(place), offset)
  }

  async #committedOffset(place: Place): Promise<number> {
    for (;;) {
      const asked = this.#groups.beforeFetch(nameOf(place))
      const answer = await this.#ask(coordinator =>
        this.#client.ask(
          coordinator,
          offsetFetchRequest,
          offsetFetchResponse,
          { groupId: this.#group, topics: [{ name: place.topic, partitionIndexes: [place.partition] }] },
          { maxVersion: 7 },
        ),
      )
      if (isPassing(answer.errorCode)) {
        this.#coordinator = null
        await this.#client.sleep(100)
        continue
      }
      this.#check(answer.errorCode, 'offset fetch')
      const offset = answer.topics[0]?.partitions[0]?.committedOffset ?? -1
      this.#groups.fetched(nameOf(place), offset, asked)
      return Math.max(0, offset)
    }
  }

  async #leave(): Promise<void> {
    const coordinator = this.#coordinator
    if (coordinator === null) return
    await this.#client.attempt(() =>
      this.#client.ask(coordinator, leaveGroupRequest, leaveGroupResponse, {
        groupId: this.#group,
        members: [{ memberId: this.#memberId, groupInstanceId: null }],
      }),
    )
  }

  /** Asks the coordinator; where it does not answer, it is looked for, and the member joins again. */
  async #ask<A>(ask: (coordinator: number) => Promise<A>, forgetsId = false): Promise<A> {
    const coordinator = this.#coordinator ?? (await this.#findCoordinator())
    const answer = await this.#client.attempt(() => ask(coordinator))
    if (answer !== null) return answer
    this.#coordinator = null
    throw new Rejoin(forgetsId)
  }

  async #findCoordinator(): Promise<number> {
    const { answer, errorCode } = await this.#client.persist(async () => {
      const found = await this.#client.ask(this.#client.anyBroker(), findCoordinatorRequest, findCoordinatorResponse, {
        keyType: 0,
        coordinatorKeys: [this.#group],
      })
      const [one] = found.coordinators
      return one === undefined ? null : { errorCode: one.errorCode, answer: one.nodeId }
    })
    if (errorCode !== errorCodes.NONE) throw new Violation('groups', `no coordinator: ${errorName(errorCode)}`)
    this.#coordinator = answer
    return answer
  }

  #check(errorCode: number, what: string): void {
    switch (errorCode) {
      case errorCodes.NONE:
        return
      case errorCodes.REBALANCE_IN_PROGRESS:
        throw new Rejoin(false)
      case errorCodes.ILLEGAL_GENERATION:
      case errorCodes.UNKNOWN_MEMBER_ID:
        throw new Rejoin(true)
    }
    if (!isPassing(errorCode)) throw new Violation('groups', `${this.#client.name} ${what}: ${errorName(errorCode)}`)
    this.#coordinator = null
    throw new Rejoin(false)
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`
}

function withVersion(version: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, version]), bytes])
}
