import type { BrokerRegistration, ChangeSet, ClusterChange, PartitionState, TopicDefinition } from './cluster-change.ts'
import { type ClusterImage, configKey, isRunning, type TopicImage } from './cluster-image.ts'
import { bornPartition, partitionImage } from './partition-state.ts'

/** The image after some change sets. The given one stays as it is; what did not change is shared. */
export function foldChanges(image: ClusterImage, ...sets: readonly ChangeSet[]): ClusterImage {
  const draft = new Draft(image)
  for (const { revision, changes } of sets) {
    draft.image.revision = revision
    for (const change of changes) draft.apply(change)
  }
  return draft.image
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

class Draft {
  readonly image: Writable<ClusterImage>
  readonly #copied = new Set<string>()

  constructor(image: ClusterImage) {
    this.image = { ...image }
  }

  apply(change: ClusterChange): void {
    const { image } = this
    switch (change.kind) {
      case 'cluster':
        image.clusterId = change.value.clusterId
        return
      case 'controller':
        image.controllerId = change.value?.brokerId ?? -1
        return
      case 'producer-ids':
        image.nextProducerId = change.value.next
        return
      case 'broker':
        this.#applyRegistration(change.brokerId, change.value)
        return
      case 'known-broker':
        set(this.#own('knownBrokers'), change.brokerId, change.value)
        if (!isRunning(image, change.brokerId)) this.#fence(change.brokerId)
        return
      case 'feature':
        set(this.#own('features'), change.name, change.value?.level ?? null)
        return
      case 'config':
        set(this.#own('configs'), configKey(change.resource), change.value)
        return
      case 'topic':
        this.#applyTopic(change.name, change.value)
        return
      case 'partition':
        this.#applyPartition(change.topicId, change.index, change.value)
        return
    }
  }

  #applyRegistration(brokerId: number, value: BrokerRegistration | null): void {
    if (value === null) {
      this.#fence(brokerId)
      return
    }
    const { revision: epoch } = this.image
    set(this.#own('brokers'), brokerId, { inControlledShutdown: false, ...value, brokerId, epoch, fenced: false })
  }

  #fence(brokerId: number): void {
    const known = this.image.knownBrokers.get(brokerId)
    const fenced = known && { ...known, brokerId, epoch: -1, fenced: true, inControlledShutdown: false }
    set(this.#own('brokers'), brokerId, fenced ?? null)
  }

  #applyTopic(name: string, definition: TopicDefinition | null): void {
    const before = this.image.topics.get(name)
    if (before !== undefined && before.topicId !== definition?.topicId) {
      set(this.#own('topicsById'), before.topicId, null)
    }
    if (definition === null) {
      set(this.#own('topics'), name, null)
      return
    }
    const kept = before?.topicId === definition.topicId ? before.partitions : []
    const partitions = definition.partitions.map((born, index) => {
      const now = kept[index]
      return now !== undefined && now.partitionEpoch > 0 ? now : bornPartition(born)
    })
    this.#setTopic({ name, topicId: definition.topicId, partitions })
  }

  #applyPartition(topicId: string, index: number, state: PartitionState | null): void {
    const topic = this.image.topicsById.get(topicId)
    // A state outlives its topic only within the change set that deletes both.
    if (topic === undefined || state === null || index >= topic.partitions.length) return
    this.#setTopic({ ...topic, partitions: topic.partitions.with(index, partitionImage(state)) })
  }

  #setTopic(topic: TopicImage): void {
    set(this.#own('topics'), topic.name, topic)
    set(this.#own('topicsById'), topic.topicId, topic)
  }

  /** The map of this draft, copied once. */
  #own<K extends 'brokers' | 'knownBrokers' | 'topics' | 'topicsById' | 'configs' | 'features'>(
    name: K,
  ): MutableMap<ClusterImage[K]> {
    if (!this.#copied.has(name)) {
      this.#copied.add(name)
      Object.assign(this.image, { [name]: new Map<unknown, unknown>(this.image[name]) })
    }
    return this.image[name] as unknown as MutableMap<ClusterImage[K]>
  }
}

type MutableMap<M> = M extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never

function set<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
