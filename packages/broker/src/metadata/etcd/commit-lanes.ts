import type { Clock, Random } from '@odradek/platform'
import { type CommitOutcome, StoreUnreachableError } from '../metadata-store.ts'
import type { EtcdInput, EtcdMessage } from './etcd-api.ts'
import { type EtcdClient, EtcdRefusal, grpcCodes, type Retries } from './etcd-client.ts'

/** How many commits are under way at once; the others wait for one of them. */
const lanesMax = 8
const leaseTtlSeconds = 3600
/** A lease is used for half of its life, so that no marker can go while a commit is under way. */
const leaseUseMs = (leaseTtlSeconds * 1000) / 2

/** Of the client, what is needed here. */
type Asking = Pick<EtcdClient, 'attempt' | 'call' | 'retries'>

/** What a commit asks for besides its marker. */
export interface Transaction {
  readonly compare: readonly EtcdInput<'Compare'>[]
  readonly success: readonly EtcdInput<'RequestOp'>[]
  readonly usesLease: boolean
}

interface Lane {
  readonly leaseId: bigint
  readonly key: Buffer
  /** What wrote the marker last; 0: it is not there. */
  revision: bigint
  /** Each write of the marker has a value of its own. */
  marks: number
}

/** The marker is not as this lane left it: its lease has ended, since nobody else writes it. Nothing was written. */
class LaneLost extends Error {}

/**
 * Commits whose outcome is known even when their answer is lost.
 *
 * A request that was sent and not answered may have been carried out, or may be so later, by a member that was paused.
 * So each commit runs in a lane, one at a time, and writes the lane's marker, on condition that the marker is as the lane
 * left it:
 *
 *     commit:  if marker at 17 and (expectations) then marker = "5", (changes)          … no answer
 *     fence:   if marker at 17 then marker = "6" else read marker
 *
 * When the fence is carried out, the commit was not and cannot be any more: it may be made again. When it is not, the
 * marker says whether the commit came before it, and at which revision. Markers hang on a lease that nobody keeps alive:
 * those of a client that is gone go within the hour.
 */
export class CommitLanes {
  readonly #client: Asking
  readonly #clock: Clock
  readonly #random: Random
  readonly #prefix: string
  readonly #free: Lane[] = []
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #laneCount = 0
  #lease: { readonly id: Promise<bigint>; readonly untilMs: number } | null = null

  /** Markers lie under `prefix`, in the range that is watched: so each commit is heard of, even if it changes nothing. */
  constructor(options: { client: Asking; clock: Clock; random: Random; prefix: string }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#random = options.random
    this.#prefix = options.prefix
  }

  async commit(transaction: Transaction): Promise<CommitOutcome> {
    if (this.#underWay >= lanesMax) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#underWay++
    try {
      return await this.#commitInSomeLane(transaction, this.#client.retries())
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#underWay--
      else next()
    }
  }

  /** Takes the markers away now, if etcd answers. */
  async close(): Promise<void> {
    const id = await this.#lease?.id.catch(() => undefined)
    if (id !== undefined) await this.#client.attempt('leaseRevoke', { id }, this.#client.retries()).catch(() => {})
  }

  async #commitInSomeLane(transaction: Transaction, retries: Retries): Promise<CommitOutcome> {
    let isSecondLease = false
    for (;;) {
      const lane = await this.#lane(retries)
      try {
        const outcome = await this.#commitIn(lane, transaction, retries)
        this.#free.push(lane)
        return outcome
      } catch (error) {
        if (error instanceof EtcdRefusal && !isLeaseGone(error)) this.#free.push(lane)
        if (!(error instanceof LaneLost) && !isLeaseGone(error)) throw error
        // Which lease is gone, the lane's or the transaction's, is known when a new lane meets the same.
        if (isLeaseGone(error)) {
          if (isSecondLease && transaction.usesLease) return { kind: 'conflict' }
          isSecondLease = true
        }
        await this.#retire(lane.leaseId)
      }
    }
  }

  async #commitIn(lane: Lane, transaction: Transaction, retries: Retries): Promise<CommitOutcome> {
    for (;;) {
      const mark = `${++lane.marks}`
      const request = {
        compare: [isAsLeft(lane), ...transaction.compare],
        success: [writeMarker(lane, mark), ...transaction.success],
        failure: [readMarker(lane)],
      }
      try {
        const response = await this.#client.attempt('txn', request, retries)
        if (response.succeeded) return committed(lane, revisionOf(response))
        if ((markerIn(response)?.modRevision ?? 0n) === lane.revision) return { kind: 'conflict' }
      } catch (error) {
        await retries.again(error)
        const revision = await this.#whenHappened(lane, mark, retries)
        if (revision !== null) return committed(lane, revision)
        continue
      }
      throw new LaneLost()
    }
  }

  /** The revision of the commit with that mark; null when it did not happen, and is now kept from happening. */
  async #whenHappened(lane: Lane, mark: string, retries: Retries): Promise<bigint | null> {
    for (;;) {
      const request = {
        compare: [isAsLeft(lane)],
        success: [writeMarker(lane, `${++lane.marks}`)],
        failure: [readMarker(lane)],
      }
      try {
        const response = await this.#client.attempt('txn', request, retries)
        if (response.succeeded) {
          lane.revision = revisionOf(response)
          return null
        }
        const marker = markerIn(response)
        if (marker === undefined) {
          throw new StoreUnreachableError(
            'whether a commit has happened cannot be told: etcd was out of reach for too long',
          )
        }
        lane.revision = marker.modRevision
        // Any other mark is of an earlier fence, whose answer was lost as well.
        return Buffer.from(marker.value).toString() === mark ? marker.modRevision : null
      } catch (error) {
        if (isLeaseGone(error)) {
          throw new StoreUnreachableError('whether a commit has happened cannot be told: its marker has expired', {
            cause: error,
          })
        }
        await retries.again(error)
      }
    }
  }

  async #lane(retries: Retries): Promise<Lane> {
    const leaseId = await this.#presentLease(retries)
    for (let lane = this.#free.pop(); lane !== undefined; lane = this.#free.pop()) {
      if (lane.leaseId === leaseId) return lane
    }
    const key = Buffer.from(`${this.#prefix}${leaseId.toString(36)}/${++this.#laneCount}`)
    return { leaseId, key, revision: 0n, marks: 0 }
  }

  #presentLease(retries: Retries): Promise<bigint> {
    const nowMs = this.#clock.monotonic()
    if (this.#lease !== null && nowMs < this.#lease.untilMs) return this.#lease.id
    const id = grantLease(this.#client, { random: this.#random, ttlSeconds: leaseTtlSeconds, retries })
    const lease = { id, untilMs: nowMs + leaseUseMs }
    this.#lease = lease
    id.catch(() => {
      if (this.#lease === lease) this.#lease = null
    })
    return id
  }

  /** The next commit gets a lane on another lease. */
  async #retire(leaseId: bigint): Promise<void> {
    const lease = this.#lease
    if (lease !== null && (await lease.id.catch(() => null)) === leaseId && this.#lease === lease) this.#lease = null
  }
}

/** A lease whose id is chosen here, so that a grant whose answer was lost can be asked for again. */
export async function grantLease(
  client: Asking,
  options: { readonly random: Random; readonly ttlSeconds: number; readonly retries: Retries },
): Promise<bigint> {
  const id = (options.random.bytes(8).readBigUInt64BE() >> 1n) | 1n
  try {
    await client.call('leaseGrant', { id, ttl: BigInt(options.ttlSeconds) }, options.retries)
  } catch (error) {
    const exists = error instanceof EtcdRefusal && error.code === grpcCodes.failedPrecondition
    if (!exists) throw error
  }
  return id
}

export function isLeaseGone(error: unknown): boolean {
  return error instanceof EtcdRefusal && error.code === grpcCodes.notFound && error.message.includes('lease not found')
}

/** That what wrote the key last is this revision. */
export function wroteLast(key: Buffer, modRevision: bigint): EtcdInput<'Compare'> {
  return { result: 0, target: 2, key, modRevision }
}

function isAsLeft(lane: Lane): EtcdInput<'Compare'> {
  return wroteLast(lane.key, lane.revision)
}

function writeMarker(lane: Lane, mark: string): EtcdInput<'RequestOp'> {
  return { put: { key: lane.key, value: Buffer.from(mark), lease: lane.leaseId } }
}

function readMarker(lane: Lane): EtcdInput<'RequestOp'> {
  return { range: { key: lane.key } }
}

function markerIn(response: EtcdMessage<'TxnResponse'>): EtcdMessage<'KeyValue'> | undefined {
  return response.responses[0]?.range?.kvs[0]
}

function revisionOf(response: EtcdMessage<'TxnResponse'>): bigint {
  return response.header?.revision ?? 0n
}

function committed(lane: Lane, revision: bigint): CommitOutcome {
  lane.revision = revision
  return { kind: 'committed', revision: Number(revision) }
}
