/**
 * What the brokers' disks hold, against what clients were given and promised.
 *
 * Invariants: below the high watermark that a replica itself has noted, it has what readers were given, byte for byte; each
 * member of the in-sync set, and each that is eligible to lead, has all that was acknowledged, unless its disk has lost it
 * since, which is told by its power losses.
 */
import type { Cluster } from '../cluster.ts'
import type { ClusterState, KnownPartition, PartitionStep } from '../cluster-state.ts'
import type { Ledger } from '../ledger.ts'
import { checkpointedHighWatermarks, endOf, type StoredBatch, storedBatches } from '../replica-files.ts'
import { Violation } from '../verdict.ts'

export class ReplicaChecker {
  readonly #cluster: Cluster
  readonly #state: ClusterState
  readonly #ledger: Ledger
  readonly #isFlushed: boolean
  /**
   * With which registration each broker came into each in-sync set, by TOPIC-ID/N/BROKER: when that was made. A broker that has lost
   * power may come into a set as what it was before; who says so cannot know better until it has registered again (KIP-903).
   */
  readonly #joinedAs = new Map<string, number>()

  constructor(options: { cluster: Cluster; state: ClusterState; ledger: Ledger; isFlushed: boolean }) {
    const { cluster, state, ledger, isFlushed } = options
    this.#cluster = cluster
    this.#state = state
    this.#ledger = ledger
    this.#isFlushed = isFlushed
  }

  note({ key, before, after }: PartitionStep): void {
    for (const id of after.isr) {
      if (before?.isr.includes(id)) continue
      this.#joinedAs.set(`${key}/${id}`, this.#state.registeredMs(id) ?? Number.NEGATIVE_INFINITY)
    }
  }

  /** Whether the replica has been brought up to date since its disk last lost anything. */
  hasAll({ topicId, index }: KnownPartition, brokerId: number): boolean {
    const joinedAs = this.#joinedAs.get(`${topicId}/${index}/${brokerId}`) ?? Number.NEGATIVE_INFINITY
    const lostMs = this.#isFlushed ? this.#cluster.lastDiskLossMs(brokerId) : this.#cluster.lastPowerLossMs(brokerId)
    return joinedAs > lostMs
  }

  /** All that has been acknowledged up to now is on the disks of those who may lead next. */
  checkAcknowledged(partition: KnownPartition): void {
    const { topic, topicId, index, state } = partition
    const end = this.#ledger.acknowledgedTo(topicId, index)
    // Of records that were deleted nothing need be left.
    if (end <= this.#ledger.deletedTo(topicId, index)) return
    for (const id of [...state.isr, ...state.elr]) {
      if (!this.hasAll(partition, id)) continue
      const batches = storedBatches(this.#cluster, id, partition)
      if (batches !== null && endOf(batches) >= end) continue
      const has = batches === null ? 'nothing' : `all below ${endOf(batches)}`
      const role = state.isr.includes(id) ? 'in-sync' : 'eligible'
      throw new Violation(
        'in-sync replicas have what was acknowledged',
        `${topic}-${index}: ${role} broker ${id} has ${has}, acknowledged is all below ${end}`,
      )
    }
  }

  /** A replica that runs, below the high watermark that it has noted. */
  checkCommitted(partition: KnownPartition, brokerId: number): void {
    const highWatermark = checkpointedHighWatermarks(this.#cluster, brokerId).get(
      `${partition.topic}-${partition.index}`,
    )
    const batches = storedBatches(this.#cluster, brokerId, partition)
    if (highWatermark === undefined || batches === null) return
    this.#compare(partition, brokerId, batches, highWatermark)
  }

  /** In quiet times: every replica has all of it. */
  checkWhole(partition: KnownPartition): void {
    const { topic, topicId, index, state } = partition
    const end = this.#ledger.readTo(topicId, index)
    const deletedTo = this.#ledger.deletedTo(topicId, index)
    let first: StoredBatch[] | null = null
    for (const id of state.replicas) {
      const all = storedBatches(this.#cluster, id, partition) ?? []
      const batches = all.filter(({ lastOffset }) => lastOffset >= deletedTo)
      const where = `${topic}-${index} on broker ${id}`
      if (end > deletedTo && endOf(batches) < end) {
        throw new Violation('replicas', `${where} ends at ${endOf(batches)}, not at ${end}`)
      }
      this.#compare(partition, id, batches, end)
      if (first !== null && !isSame(first, batches)) {
        throw new Violation('replicas', `${where} differs from the one on broker ${state.replicas[0]}`)
      }
      first = batches
    }
  }

  #compare({ topic, topicId, index }: KnownPartition, brokerId: number, batches: StoredBatch[], end: number): void {
    const seen = this.#ledger.batches(topicId, index)
    const deletedTo = this.#ledger.deletedTo(topicId, index)
    let next = 0
    for (const { baseOffset, lastOffset, bytes } of batches) {
      if (baseOffset > Math.max(next, next === 0 ? deletedTo : 0)) {
        const where = `${topic}-${index} on broker ${brokerId}`
        throw new Violation('committed prefix', `${where}: there is nothing from ${next} to ${baseOffset}`)
      }
      next = lastOffset + 1
      if (lastOffset >= end) return
      const expected = seen.get(baseOffset)
      if (lastOffset >= this.#ledger.readTo(topicId, index)) return
      if (expected?.bytes.equals(bytes)) continue
      const where = `${topic}-${index} on broker ${brokerId}`
      throw new Violation(
        'committed prefix',
        `${where}: batch ${baseOffset}-${lastOffset} is not what readers were given`,
      )
    }
  }
}

function isSame(one: readonly StoredBatch[], other: readonly StoredBatch[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ bytes }, at) => other[at] !== undefined && bytes.equals(other[at].bytes))
  )
}
