import { errorCodes } from '@odradek/protocol'
import {
  type ClusterImage,
  configKey,
  emptyImage,
  type PartitionImage,
  type TopicImage,
} from '../core/cluster/cluster-image.ts'
import { hasSuccessor } from '../core/cluster/failover.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { LogManager } from '../log/log-manager.ts'
import type { Logger } from '../logger.ts'
import { Partition, type PartitionHost } from './partition.ts'
import type { ReplicaFetchers } from './replica-fetchers.ts'

/** A log is a directory and files: tenths of a millisecond, or several on a busy disk. Clients have to be served in between. */
const logsPerTurn = 4

interface ServedTopic {
  readonly name: string
  readonly topicId: string
  /** By index. A hole: this broker has no log of it, because it could not be made (`failures`) or because others have. */
  readonly partitions: (Partition | undefined)[]
}

/** The partitions that this broker has logs of, kept in step with the cluster image. */
export class PartitionRegistry {
  readonly #byName = new Map<string, ServedTopic>()
  readonly #byId = new Map<string, ServedTopic>()
  /** Partitions whose log could not be made yet, by TOPIC-N. */
  readonly #failures = new Map<string, { readonly topicId: string; readonly index: number }>()
  readonly #logs: LogManager
  readonly #host: PartitionHost
  readonly #fetchers: ReplicaFetchers
  readonly #configOf: (image: ClusterImage, topic: string) => LogConfig
  readonly #logger: Logger
  /** What is shown, or being applied. */
  #image = emptyImage

  constructor(options: {
    logs: LogManager
    host: PartitionHost
    fetchers: ReplicaFetchers
    configOf: (image: ClusterImage, topic: string) => LogConfig
    logger: Logger
  }) {
    this.#logs = options.logs
    this.#host = options.host
    this.#fetchers = options.fetchers
    this.#configOf = options.configOf
    this.#logger = options.logger
  }

  get(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index]
  }

  byId(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[index]
  }

  /** Of the image that is served, or being gone over to. */
  get revision(): number {
    return this.#image.revision
  }

  /** Undefined: no such topic here. */
  topicName(topicId: string): string | undefined {
    return this.#byId.get(topicId)?.name
  }

  /** Whether the cluster has the partition, served here or not. */
  has(topic: string, index: number): boolean {
    const served = this.#byName.get(topic)
    return served !== undefined && index >= 0 && index < served.partitions.length
  }

  /** Why `get` has found nothing. */
  problem(topic: string, index: number): number {
    if (!this.has(topic, index)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    return this.#failures.has(`${topic}-${index}`) ? errorCodes.KAFKA_STORAGE_ERROR : errorCodes.NOT_LEADER_OR_FOLLOWER
  }

  *partitions(): IterableIterator<Partition> {
    for (const topic of this.#byName.values()) {
      for (const partition of topic.partitions) if (partition !== undefined) yield partition
    }
  }

  /** By a timer (`replica.lag.time.max.ms`): replicas that have fallen behind, or have no log, leave the in-sync sets. */
  dropLaggards(): void {
    for (const partition of this.partitions()) partition.dropLaggards()
    for (const { topicId, index } of this.#failures.values()) this.#giveUp(topicId, index)
  }

  /** A follower has fetched what `get` has not found. */
  fetchedInVain(topic: string, index: number, replicaId: number): void {
    const failure = this.#failures.get(`${topic}-${index}`)
    if (failure !== undefined) this.#giveUp(failure.topicId, index, replicaId)
  }

  /** The broker stops: nothing is proposed or waited for any more. */
  close(): void {
    for (const partition of this.partitions()) partition.close()
  }

  /** The broker is registered. */
  noteLeaderEpochs(): void {
    for (const partition of this.partitions()) partition.noteLeaderEpoch()
  }

  /** Others may take this broker for dead: what they may lead, it does not lead any more. */
  resign(): void {
    for (const partition of this.partitions()) partition.resign()
  }

  /**
   * Subscriber of the cluster metadata: never rejects, what fails is logged and answered as a storage error. New logs are made
   * in turns with other work; a stop in between leaves the rest to the next start.
   */
  async apply(next: ClusterImage, previous: ClusterImage): Promise<void> {
    this.#image = next
    if (next.topics !== previous.topics) {
      for (const topic of [...this.#byName.values()]) {
        if (next.topics.get(topic.name)?.topicId !== topic.topicId) await this.#remove(topic)
      }
      for (const topic of next.topics.values()) {
        if (previous.topics.get(topic.name) !== topic) await this.#update(topic)
      }
    }
    if (next.configs !== previous.configs) this.#updateConfigs(next, previous)
  }

  async #update(topic: TopicImage): Promise<void> {
    let served = this.#byName.get(topic.name)
    if (served === undefined) {
      served = { name: topic.name, topicId: topic.topicId, partitions: [] }
      this.#byName.set(topic.name, served)
      this.#byId.set(topic.topicId, served)
    }
    let config: LogConfig | undefined
    let made = 0
    const failed: { index: number; error: unknown }[] = []
    for (const [index, state] of topic.partitions.entries()) {
      const partition = served.partitions[index]
      if (partition !== undefined) {
        await this.#updatePartition(served, partition, state)
        continue
      }
      served.partitions[index] = undefined
      if (!state.replicas.includes(this.#host.brokerId) || this.#failures.has(`${topic.name}-${index}`)) continue
      if (made > 0 && made % logsPerTurn === 0) await new Promise<void>(resolve => this.#host.clock.soon(resolve))
      if (this.#logs.isClosed) return
      made++
      config ??= this.#configOf(this.#image, topic.name)
      try {
        this.#serve(served, index, config)
      } catch (error) {
        failed.push({ index, error })
        this.#serveLater(served, index)
      }
    }
    if (failed.length === 0) return
    this.#logger.error(
      'partitions answer KAFKA_STORAGE_ERROR: their logs cannot be made. They serve by themselves once the disk takes them',
      { topic: topic.name, partitions: failed.map(({ index }) => index), error: failed[0]?.error },
    )
  }

  /** Throws OdradekError when the log cannot be made. */
  #serve(served: ServedTopic, index: number, config: LogConfig): void {
    const { name: topic, topicId } = served
    const state = this.#image.topics.get(topic)?.partitions[index]
    // It may have been moved away while there was no space for it here.
    if (state === undefined || !state.replicas.includes(this.#host.brokerId)) return
    const log = this.#logs.create({ topic, partition: index, topicId, config })
    if (state.replicas.length > 1) log.lowerHighWatermark()
    const partition = new Partition({ topic, topicId, index, log, state, host: this.#host })
    served.partitions[index] = partition
    void this.#follow(partition)
  }

  async #updatePartition(served: ServedTopic, partition: Partition, state: PartitionImage): Promise<void> {
    if (state === partition.state) return
    if (!state.replicas.includes(this.#host.brokerId)) {
      served.partitions[partition.index] = undefined
      await this.#dropPartition(partition)
      this.#logs.delete(served.name, partition.index)
      return
    }
    const isNewEpoch = state.leaderEpoch !== partition.leaderEpoch
    // A leader must not begin while what an earlier one sent is still being written.
    if (isNewEpoch) await this.#fetchers.unfollow(partition)
    partition.update(state)
    // Nor may one be followed while what this broker appended as leader is on its way to the disk: a fetch from the written end
    // would find none of it different, and what it brings would pass for what is here already once that has been written.
    // And with flush.messages the leader would take for safe what a power loss can still take.
    if (isNewEpoch) await partition.log.whenWritten()
    if (isNewEpoch) await this.#follow(partition)
  }

  async #follow(partition: Partition): Promise<void> {
    if (partition.leaderId !== this.#host.brokerId) await this.#fetchers.follow(partition, partition.leaderId)
  }

  /** Nobody waits for it any more, and nothing is written to it. */
  async #dropPartition(partition: Partition): Promise<void> {
    await this.#fetchers.unfollow(partition)
    partition.close()
    this.#host.purgatory.wakeAll(partition)
  }

  /** The topic stays, and the partition is offline here until there is space again: others lead it, and do without this replica. */
  #serveLater(served: ServedTopic, index: number): void {
    const key = `${served.name}-${index}`
    this.#failures.set(key, { topicId: served.topicId, index })
    this.#giveUp(served.topicId, index)
    this.#logs.createLater(served.name, index, () => {
      try {
        this.#serve(served, index, this.#configOf(this.#image, served.name))
      } catch (error) {
        this.#logger.debug('a partition still cannot be served', { partition: key, error })
        return false
      }
      this.#failures.delete(key)
      this.#logger.info('a partition serves: its log could be made', { partition: key })
      return true
    })
  }

  /** As a partition whose disk has failed. `successor`: an eligible replica that has a log. */
  #giveUp(topicId: string, index: number, successor?: number): void {
    const { brokerId, giveUpReplica } = this.#host
    const state = this.#image.topicsById.get(topicId)?.partitions[index]
    if (state === undefined || !hasSuccessor(state, { brokerId, successor })) return
    giveUpReplica({ topicId, index, leaderEpoch: state.leaderEpoch, successor })
  }

  async #remove(topic: ServedTopic): Promise<void> {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.topicId)
    for (const [index, partition] of topic.partitions.entries()) {
      this.#failures.delete(`${topic.name}-${index}`)
      if (partition !== undefined) await this.#dropPartition(partition)
      this.#logs.delete(topic.name, index)
    }
  }

  /** A topic's own settings, or the broker's that are the defaults of all. */
  #updateConfigs(next: ClusterImage, previous: ClusterImage): void {
    const changed = (type: 'topic' | 'broker', name: string): boolean => {
      const key = configKey({ type, name })
      return next.configs.get(key) !== previous.configs.get(key)
    }
    const allChanged = changed('broker', '') || changed('broker', String(this.#host.brokerId))
    for (const { name } of this.#byName.values()) {
      if (!allChanged && !changed('topic', name)) continue
      this.#logs.updateConfig(name, this.#configOf(next, name))
      for (const partition of this.#byName.get(name)?.partitions ?? []) partition?.configChanged()
    }
  }
}
