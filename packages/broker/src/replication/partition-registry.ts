import type { Clock } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import { type ClusterImage, configKey, emptyImage, type TopicImage } from '../core/cluster/cluster-image.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { LogManager } from '../log/log-manager.ts'
import type { Logger } from '../logger.ts'
import type { FetchPurgatory } from './fetch-purgatory.ts'
import { Partition } from './partition.ts'

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
  /** Partitions whose log could not be made yet: TOPIC-N. */
  readonly #failures = new Set<string>()
  readonly #logs: LogManager
  readonly #clock: Clock
  readonly #purgatory: FetchPurgatory
  readonly #brokerId: number
  readonly #configOf: (image: ClusterImage, topic: string) => LogConfig
  readonly #logger: Logger
  /** What is shown, or being applied. */
  #image = emptyImage

  constructor(options: {
    logs: LogManager
    clock: Clock
    purgatory: FetchPurgatory
    brokerId: number
    configOf: (image: ClusterImage, topic: string) => LogConfig
    logger: Logger
  }) {
    this.#logs = options.logs
    this.#clock = options.clock
    this.#purgatory = options.purgatory
    this.#brokerId = options.brokerId
    this.#configOf = options.configOf
    this.#logger = options.logger
  }

  get(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index]
  }

  byId(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[index]
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

  /**
   * Subscriber of the cluster metadata: never rejects, what fails is logged and answered as a storage error. New logs are made
   * in turns with other work; a stop in between leaves the rest to the next start.
   */
  async apply(next: ClusterImage, previous: ClusterImage): Promise<void> {
    this.#image = next
    if (next.topics !== previous.topics) {
      for (const topic of [...this.#byName.values()]) {
        if (next.topics.get(topic.name)?.topicId !== topic.topicId) this.#remove(topic)
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
        partition.update(state)
        continue
      }
      served.partitions[index] = undefined
      if (!state.replicas.includes(this.#brokerId) || this.#failures.has(`${topic.name}-${index}`)) continue
      if (made > 0 && made % logsPerTurn === 0) await new Promise<void>(resolve => this.#clock.soon(resolve))
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
    if (state === undefined) return
    const log = this.#logs.create({ topic, partition: index, topicId, config })
    const [purgatory, brokerId] = [this.#purgatory, this.#brokerId]
    served.partitions[index] = new Partition({ topic, topicId, index, log, state, purgatory, brokerId })
  }

  /**
   * The topic stays, as in Kafka, whose controller knows nothing of a broker's disk: the partition is offline here until there
   * is space again.
   */
  #serveLater(served: ServedTopic, index: number): void {
    const key = `${served.name}-${index}`
    this.#failures.add(key)
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

  #remove(topic: ServedTopic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.topicId)
    for (const [index, partition] of topic.partitions.entries()) {
      this.#failures.delete(`${topic.name}-${index}`)
      if (partition !== undefined) this.#purgatory.wakeAll(partition)
      this.#logs.delete(topic.name, index)
    }
  }

  /** A topic's own settings, or the broker's that are the defaults of all. */
  #updateConfigs(next: ClusterImage, previous: ClusterImage): void {
    const changed = (type: 'topic' | 'broker', name: string): boolean => {
      const key = configKey({ type, name })
      return next.configs.get(key) !== previous.configs.get(key)
    }
    const allChanged = changed('broker', '') || changed('broker', String(this.#brokerId))
    for (const { name } of this.#byName.values()) {
      if (allChanged || changed('topic', name)) this.#logs.updateConfig(name, this.#configOf(next, name))
    }
  }
}
