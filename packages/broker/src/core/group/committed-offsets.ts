// The offsets that groups committed: group → topic → partition → offset.

export interface CommittedOffset {
  readonly offset: number
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Wall clock. */
  readonly commitTimestampMs: number
  /** When it expires by the retention its client asked for (OffsetCommit v2-4); null: by the broker's. */
  readonly expireTimestampMs: number | null
  /** The topic as it was when the client committed by id (v10); the zero uuid where it was not named. */
  readonly topicId: string
}

type PartitionOffsets = Map<number, CommittedOffset>
type TopicOffsets = Map<string, PartitionOffsets>

export class CommittedOffsets {
  readonly #byGroup = new Map<string, TopicOffsets>()

  /** By topic and partition; undefined for a group without offsets. */
  ofGroup(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> | undefined {
    return this.#byGroup.get(groupId)
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#byGroup.get(groupId)?.get(topic)?.get(partition)
  }

  set(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    const topics = this.#byGroup.get(groupId) ?? new Map<string, PartitionOffsets>()
    const partitions = topics.get(topic) ?? new Map<number, CommittedOffset>()
    this.#byGroup.set(groupId, topics)
    topics.set(topic, partitions)
    partitions.set(partition, offset)
  }

  remove(groupId: string, topic: string, partition: number): void {
    const topics = this.#byGroup.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || !partitions?.delete(partition)) return
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.#byGroup.delete(groupId)
  }

  removeGroup(groupId: string): void {
    this.#byGroup.delete(groupId)
  }

  groupIds(): Iterable<string> {
    return this.#byGroup.keys()
  }
}
