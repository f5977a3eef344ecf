import type { Random } from '@odradek/platform'
import { type AlterConfigsInput, type AlteredResource, divideAlterConfigs } from '../core/cluster/alter-configs.ts'
import { type AlteredPartition, decideAlterPartition, type PartitionProposal } from '../core/cluster/alter-partition.ts'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import { divideCreatePartitions, type GrownTopic, type TopicToGrow } from '../core/cluster/create-partitions.ts'
import { type CreatedTopic, divideCreateTopics, type NewTopic } from '../core/cluster/create-topics.ts'
import type { Decision, DivisibleRequest, Outcome } from '../core/cluster/decision.ts'
import {
  type DeletedTopic,
  divideDeleteTopics,
  refuseDeletion,
  type TopicToDelete,
} from '../core/cluster/delete-topics.ts'
import { decideElectLeaders, type ElectLeadersInput } from '../core/cluster/elect-leaders.ts'
import { decideOfflineReplica, type OfflineReplica } from '../core/cluster/failover.ts'
import { decideUpdateFeatures, type FeatureUpdate } from '../core/cluster/features.ts'
import { decideFenceBroker } from '../core/cluster/fence-broker.ts'
import {
  type AlterReassignmentsInput,
  decideAlterPartitionReassignments,
} from '../core/cluster/partition-reassignments.ts'
import { decideUnregisterBroker } from '../core/cluster/unregister-broker.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { whyInert } from '../core/config/standing.ts'
import type { Logger } from '../logger.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { inParts } from './in-parts.ts'
import { type InternalTopic, internalTopicRequest } from './internal-topics.ts'
import { commitChangesMax } from './metadata-store.ts'

/** Producer ids are taken from the store a thousand at a time: one write for as many producers. */
const producerIdBlockLength = 1000

/**
 * Carries out what changes the cluster: decide on the present image, commit, wait until every subscriber of the metadata
 * has applied it, answer. One request at a time; when somebody else changed what a decision stood on, it is made again.
 *
 * Every call rejects with MetadataStoreError when the store fails, and only then; that is logged here.
 */
export class Controller {
  readonly #metadata: ClusterMetadata
  readonly #config: BrokerConfig
  readonly #random: Random
  readonly #brokerId: number
  readonly #logger: Logger
  /** The request under way and those behind it. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: {
    readonly metadata: ClusterMetadata
    readonly config: BrokerConfig
    readonly random: Random
    readonly brokerId: number
    readonly logger: Logger
  }) {
    this.#metadata = options.metadata
    this.#config = options.config
    this.#random = options.random
    this.#brokerId = options.brokerId
    this.#logger = options.logger
  }

  /** When it resolves, the partitions are served. */
  createTopics(topics: readonly NewTopic[], { validateOnly = false } = {}): Promise<CreatedTopic[]> {
    const topicIds = topics.map(() => this.#newTopicId())
    const seed = this.#random.integer(2 ** 31)
    return this.#carryOutDivided(divideCreateTopics({ topics, validateOnly, config: this.#config, topicIds, seed }))
  }

  /** Creates one of the topics that the broker itself writes to; fine where it exists. */
  async createInternalTopic(name: InternalTopic): Promise<Outcome> {
    const topicIds = [this.#newTopicId()]
    const seed = this.#random.integer(2 ** 31)
    const [created] = await this.#carryOut<readonly Pick<CreatedTopic, 'outcome'>[]>(image => {
      if (image.topics.has(name)) return { changes: [], answer: [] }
      const { topic, internalConfig } = internalTopicRequest(name, { config: this.#config, image })
      const input = { topics: [topic], validateOnly: false, config: this.#config, topicIds, seed, internalConfig }
      const request = divideCreateTopics(input)
      const decision = request.decide(image, request.items)
      return { ...decision, answer: request.answer(decision.answer) }
    })
    return created?.outcome ?? { errorCode: 0, errorMessage: null }
  }

  deleteTopics(topics: readonly TopicToDelete[]): Promise<DeletedTopic[]> {
    if (!this.#config.boolean('delete.topic.enable')) return Promise.resolve(refuseDeletion(topics))
    return this.#carryOutDivided(divideDeleteTopics(topics))
  }

  createPartitions(topics: readonly TopicToGrow[], { validateOnly = false } = {}): Promise<GrownTopic[]> {
    const seed = this.#random.integer(2 ** 31)
    return this.#carryOutDivided(divideCreatePartitions({ topics, validateOnly, seed }))
  }

  alterConfigs(
    input: Pick<AlterConfigsInput, 'resources' | 'incremental' | 'validateOnly'>,
  ): Promise<AlteredResource[]> {
    return this.#carryOutDivided(divideAlterConfigs({ ...input, config: this.#config, brokerId: this.#brokerId }))
  }

  updateFeatures(
    updates: readonly FeatureUpdate[],
    { validateOnly = false } = {},
  ): Promise<{ readonly outcome: Outcome; readonly byFeature: readonly { feature: string; outcome: Outcome }[] }> {
    return this.#carryOut(image => decideUpdateFeatures(image, { updates, validateOnly }))
  }

  /** One outcome a partition, in their order. */
  electLeaders({ election, partitions }: Omit<ElectLeadersInput, 'config'>): Promise<Outcome[]> {
    return this.#inParts(partitions, commitChangesMax, (image, part) =>
      decideElectLeaders(image, { election, partitions: part, config: this.#config }),
    )
  }

  /** One outcome a partition, in their order. */
  alterPartitionReassignments({
    partitions,
    allowReplicationFactorChange,
  }: Omit<AlterReassignmentsInput, 'config'>): Promise<Outcome[]> {
    return this.#inParts(partitions, commitChangesMax, (image, part) =>
      decideAlterPartitionReassignments(image, {
        partitions: part,
        allowReplicationFactorChange,
        config: this.#config,
      }),
    )
  }

  /**
   * For the leaders of partitions: who is in sync from now on; at most one proposal a partition, one answer each. It waits
   * until the change is applied here, so nobody who applies an image may wait for it.
   */
  alterPartitions(proposals: readonly PartitionProposal[]): Promise<AlteredPartition[]> {
    // Each may stand on the registration of a newcomer, too, and what a commit stands on counts as what it changes.
    const atOnce = commitChangesMax / 2
    return this.#inParts(proposals, atOnce, (image, part) => {
      const decisions = part.map(proposal => decideAlterPartition(image, { proposal, config: this.#config }))
      return {
        changes: decisions.flatMap(({ changes }) => changes),
        alsoUnchanged: decisions.flatMap(({ alsoUnchanged = [] }) => alsoUnchanged),
        answer: decisions.map(({ answer }) => answer),
      }
    })
  }

  /** For replicas whose disk fails. Applied here when it resolves, so nobody who applies an image may wait for it. */
  async giveUpReplicas(replicas: readonly OfflineReplica[]): Promise<void> {
    const [brokerId, config] = [this.#brokerId, this.#config]
    await this.#inParts(replicas, commitChangesMax, (image, part) => {
      const changes = part.flatMap(replica => decideOfflineReplica(image, { brokerId, replica, config }))
      return { changes, answer: [] }
    })
  }

  /** For whoever finds that the process of a broker has ended, in the registration with that epoch. False: nothing was to be done. */
  fenceBroker(registration: { readonly brokerId: number; readonly epoch: number }): Promise<boolean> {
    return this.#carryOut(image => decideFenceBroker(image, registration))
  }

  unregisterBroker(brokerId: number): Promise<Outcome> {
    return this.#carryOut(image => decideUnregisterBroker(image, brokerId))
  }

  /** Ids from `atLeast` on that nobody else gets, not even after a crash. */
  allocateProducerIds(atLeast = 0): Promise<{ readonly first: number; readonly length: number }> {
    return this.#carryOut(({ nextProducerId }) => {
      const first = Math.max(nextProducerId, atLeast)
      return {
        changes: [{ kind: 'producer-ids', value: { next: first + producerIdBlockLength } }],
        answer: { first, length: producerIdBlockLength },
      }
    })
  }

  #newTopicId(): string {
    // As Kafka's own ids: a leading dash would look like an option on a command line.
    for (;;) {
      const id = this.#random.bytes(16)
      id[6] = ((id[6] ?? 0) & 0x0f) | 0x40
      id[8] = ((id[8] ?? 0) & 0x3f) | 0x80
      const text = id.toString('base64url')
      if (!text.startsWith('-')) return text
    }
  }

  /** For what concerns partitions one by one: so many in one commit. */
  async #inParts<P, R>(
    items: readonly P[],
    atOnce: number,
    decide: (image: ClusterImage, part: readonly P[]) => Decision<R[]>,
  ): Promise<R[]> {
    const answers = await this.#inTurn(() =>
      inParts(items, atOnce, part => this.#untilCommitted(image => decide(image, part))),
    )
    return answers.flat()
  }

  /** If the store fails in between, some of what goes in parts is done, and all of it is said to have failed. */
  async #carryOutDivided<I, R>(request: DivisibleRequest<I, R>): Promise<R[]> {
    return request.answer(await this.#inTurn(() => this.#untilAllCommitted(request.items, request.decide)))
  }

  #carryOut<T>(decide: (image: ClusterImage) => Decision<T>): Promise<T> {
    return this.#inTurn(() => this.#untilCommitted(decide))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work)
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #untilCommitted<T>(decide: (image: ClusterImage) => Decision<T>): Promise<T> {
    for (;;) {
      const decision = decide(this.#metadata.image)
      if ((await this.#commitDecision(decision)) === 'committed') return decision.answer
    }
  }

  /** In one commit where it fits into one, else in parts that do. */
  async #untilAllCommitted<I, R>(
    items: readonly I[],
    decide: (image: ClusterImage, part: readonly I[]) => Decision<R[]>,
  ): Promise<R[]> {
    for (;;) {
      const decision = decide(this.#metadata.image, items)
      // What a commit stands on counts as what it changes. No item comes to more than two of both.
      const size = decision.changes.length + (decision.alsoUnchanged?.length ?? 0)
      if (size > commitChangesMax) {
        const length = Math.floor((items.length * commitChangesMax) / size)
        const parts = await inParts(items, length, part => this.#untilAllCommitted(part, decide))
        return parts.flat()
      }
      if ((await this.#commitDecision(decision)) === 'committed') return decision.answer
    }
  }

  async #commitDecision(decision: Decision<unknown>): Promise<'committed' | 'conflict'> {
    const { changes, alsoUnchanged = [], leftovers = [] } = decision
    if (changes.length === 0) return 'committed'
    if ((await this.#commit(changes, alsoUnchanged)) === 'conflict') return 'conflict'
    for (const change of changes) this.#log(change)
    await this.#clear(leftovers)
    return 'committed'
  }

  /** If this is cut short, something useless stays. */
  async #clear(leftovers: readonly ClusterChange[]): Promise<void> {
    for (let start = 0; start < leftovers.length; ) {
      const part = leftovers.slice(start, start + commitChangesMax)
      // Somebody may have written a state in the same moment; the next try knows of it.
      if ((await this.#commit(part, [])) === 'committed') start += part.length
    }
  }

  async #commit(
    changes: readonly ClusterChange[],
    alsoUnchanged: readonly ClusterChange[],
  ): Promise<'committed' | 'conflict'> {
    try {
      return await this.#metadata.commit(changes, { alsoUnchanged })
    } catch (error) {
      this.#logger.error('the cluster metadata could not be changed', { error })
      throw error
    }
  }

  #log(change: ClusterChange): void {
    if (change.kind === 'topic') {
      const { name: topic, value } = change
      if (value === null) this.#logger.info('deleted a topic', { topic })
      else this.#logger.info('a topic was created or grew', { topic, partitions: value.partitions.length })
    }
    if (change.kind === 'config') {
      const { resource, value } = change
      this.#logger.info('settings were changed', { [resource.type]: resource.name, settings: Object.keys(value ?? {}) })
      if (resource.type !== 'broker') return
      for (const name of Object.keys(value ?? {})) {
        const because = whyInert(name)
        if (because !== null) this.#logger.warn(`${name} has no effect: ${because}`)
      }
    }
  }
}
