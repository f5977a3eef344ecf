/** The cluster as its store has it, without any broker's view of it: for checkers, and for faults that mind the promise. */

import type { PartitionState as StoredPartition } from '../../packages/broker/src/core/cluster/cluster-change.ts'
import { decodeChange } from '../../packages/broker/src/metadata/change-encoding.ts'
import type { StoreChangeSet } from '../../packages/broker/src/metadata/metadata-store.ts'
import type { SimulatedMetadata } from '../../packages/broker/src/metadata/testing/simulated-metadata.ts'

export interface PartitionState {
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

export interface KnownPartition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly state: PartitionState
}

export interface PartitionStep {
  readonly key: string
  readonly revision: number
  readonly before: PartitionState | null
  readonly after: PartitionState
}

interface BrokerState {
  readonly inControlledShutdown: boolean
  /** Not before this time. */
  readonly registeredMs: number
}

/** Follows the store's history; call `advance` before looking. */
export class ClusterState {
  readonly #store: SimulatedMetadata
  #read = 0
  readonly #brokers = new Map<number, BrokerState>()
  #lookedMs = 0
  readonly #topics = new Map<string, string>()
  readonly #partitions = new Map<string, PartitionState>()

  constructor(store: SimulatedMetadata) {
    this.#store = store
  }

  /** Takes what is new at this time, and tells of each partition's step. */
  advance(nowMs: number, onStep: (step: PartitionStep) => void): void {
    for (; this.#read < this.#store.history.length; this.#read++) {
      const set = this.#store.history[this.#read]
      if (set !== undefined) this.#take(set, onStep)
    }
    this.#lookedMs = nowMs
  }

  isRegistered(brokerId: number): boolean {
    const broker = this.#brokers.get(brokerId)
    return broker !== undefined && !broker.inControlledShutdown
  }

  /** The present registration was made after this time; null without one. */
  registeredMs(brokerId: number): number | null {
    return this.#brokers.get(brokerId)?.registeredMs ?? null
  }

  /** Of topics that exist. */
  partitions(): KnownPartition[] {
    const names = new Map([...this.#topics].map(([topic, topicId]) => [topicId, topic]))
    return [...this.#partitions].flatMap(([key, state]) => {
      const [topicId = '', index] = key.split('/')
      const topic = names.get(topicId)
      return topic === undefined ? [] : [{ topic, topicId, index: Number(index), state }]
    })
  }

  partition(topicId: string, index: number): PartitionState | undefined {
    return this.#partitions.get(`${topicId}/${index}`)
  }

  topicId(topic: string): string | undefined {
    return this.#topics.get(topic)
  }

  #take({ revision, changes }: StoreChangeSet, onStep: (step: PartitionStep) => void): void {
    for (const entry of changes) {
      const change = decodeChange(entry)
      if (change?.kind === 'broker') {
        if (change.value === null) this.#brokers.delete(change.brokerId)
        else {
          const { inControlledShutdown = false } = change.value
          const registeredMs = this.registeredMs(change.brokerId) ?? this.#lookedMs
          this.#brokers.set(change.brokerId, { inControlledShutdown, registeredMs })
        }
      } else if (change?.kind === 'topic') {
        if (change.value === null) this.#topics.delete(change.name)
        else {
          const { topicId, partitions } = change.value
          this.#topics.set(change.name, topicId)
          for (const [index, born] of partitions.entries()) {
            const key = `${topicId}/${index}`
            if (!this.#partitions.has(key)) {
              this.#step(key, { ...born, leaderEpoch: 0, partitionEpoch: 0 }, revision, onStep)
            }
          }
        }
      } else if (change?.kind === 'partition') {
        const key = `${change.topicId}/${change.index}`
        if (change.value === null) this.#partitions.delete(key)
        else this.#step(key, change.value, revision, onStep)
      }
    }
  }

  #step(key: string, stored: StoredPartition, revision: number, onStep: (step: PartitionStep) => void): void {
    const nobody = { elr: [], lastKnownElr: [], addingReplicas: [], removingReplicas: [] }
    const after: PartitionState = { ...nobody, ...stored }
    onStep({ key, revision, before: this.#partitions.get(key) ?? null, after })
    this.#partitions.set(key, after)
  }
}
