// What the handlers talk to: finds the shard of a group and hands the request on.
import type { Clock, Random, Timer } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import type { ClusterImage, TopicImage } from '../core/cluster/cluster-image.ts'
import type { JoinAnswer, SyncAnswer } from '../core/group/decision.ts'
import { answered } from '../core/group/decision.ts'
import { joinAnswer, syncAnswer } from '../core/group/group-transition.ts'
import type { DescribedGroup, GroupFilter, ListedGroup } from '../core/group/group-views.ts'
import { groupPartition } from '../core/group/java-hash.ts'
import type { JoinInput } from '../core/group/join-group.ts'
import type { HeartbeatRequest, LeaveAnswer, LeaveRequest, SyncRequest } from '../core/group/member-requests.ts'
import {
  type CommitAnswer,
  type CommitInput,
  commitRefused,
  type OffsetDeleteAnswer,
  type OffsetDeleteRequest,
  type OffsetFetchQuery,
  type OffsetFetchTopic,
} from '../core/group/offset-requests.ts'
import type { Logger } from '../logger.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import type { GroupCoordinatorConfig } from './group-coordinator-config.ts'
import { GroupShard } from './group-shard.ts'

export const offsetsTopic = '__consumer_offsets'

export interface GroupCoordinatorOptions {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly config: GroupCoordinatorConfig
  /** The log of a partition of `__consumer_offsets` that this broker leads; undefined where it does not. */
  readonly logOf: (partition: number) => CoordinatorLog | undefined
}

/**
 * The group coordinator of this broker. Every call answers with a value where nothing has to be waited for, else with a
 * promise that never rejects; trouble is an error code in the answer.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  readonly #shards = new Map<number, GroupShard>()
  #topic: { readonly topicId: string; readonly partitions: number } | null = null
  #stopped = false
  /** Of the expiry of offsets. */
  #expiry: Timer | null = null

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
  }

  /** Which partition of `__consumer_offsets` holds the group. */
  partitionFor(groupId: string): number {
    return groupPartition(groupId, this.#partitions)
  }

  /**
   * Subscriber of the cluster metadata, behind the one that serves the partitions. The shards of an existing topic load
   * in the background, so that members who vanished with the last broker are expired; empty ones cost nothing.
   */
  apply(next: ClusterImage, previous: ClusterImage): void {
    if (this.#stopped || next.topics === previous.topics) return
    const topic = next.topics.get(offsetsTopic)
    if (topic?.topicId !== this.#topic?.topicId || topic?.partitions.length !== this.#topic?.partitions) {
      for (const shard of this.#shards.values()) shard.close()
      this.#shards.clear()
      this.#topic = topic ? { topicId: topic.topicId, partitions: topic.partitions.length } : null
      if (topic !== undefined) this.#options.clock.soon(() => void this.#loadAll())
    } else if (topic !== undefined) this.#followLeaders(topic, previous.topics.get(offsetsTopic))
    const deleted = new Set([...previous.topics.values()].filter(isGoneIn(next)).map(({ name }) => name))
    if (deleted.size > 0) void this.#forgetTopics(deleted)
  }

  /** Where a partition has another leader epoch its groups are another coordinator's, or have to be loaded from what is committed. */
  #followLeaders(topic: TopicImage, before: TopicImage | undefined): void {
    let isNew = false
    for (const [index, { leaderEpoch }] of topic.partitions.entries()) {
      if (leaderEpoch === before?.partitions[index]?.leaderEpoch) continue
      this.#shards.get(index)?.close()
      this.#shards.delete(index)
      isNew = true
    }
    if (isNew) this.#options.clock.soon(() => void this.#loadAll())
  }

  /** Begins to expire offsets. */
  start(): void {
    this.#expiry = this.#options.clock.after(this.#options.config.offsetsRetentionCheckIntervalMs, () => {
      if (this.#stopped) return
      for (const shard of this.#shards.values()) shard.tick((core, nowMs) => core.decideExpiry(nowMs))
      this.start()
    })
  }

  /** All who are parked are answered; nothing happens after it. */
  stop(): void {
    this.#stopped = true
    this.#expiry?.cancel()
    for (const shard of this.#shards.values()) shard.close()
  }

  joinGroup(input: Omit<JoinInput, 'requestId' | 'memberIdSuffix'>): JoinAnswer | Promise<JoinAnswer> {
    const { groupId, memberId } = input.request
    if (groupId === '') return joinAnswer({ errorCode: errorCodes.INVALID_GROUP_ID, memberId })
    const shard = this.#shardOf(groupId)
    if (shard === undefined) return joinAnswer({ errorCode: errorCodes.NOT_COORDINATOR })
    return shard.join({ ...input, memberIdSuffix: this.#randomUuid() })
  }

  syncGroup(request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    if (request.groupId === '') return syncAnswer({ errorCode: errorCodes.INVALID_GROUP_ID })
    const shard = this.#shardOf(request.groupId)
    return shard === undefined ? syncAnswer({ errorCode: errorCodes.NOT_COORDINATOR }) : shard.sync({ request })
  }

  /** Always at once. */
  heartbeat(request: HeartbeatRequest): { readonly errorCode: number } {
    if (request.groupId === '') return { errorCode: errorCodes.INVALID_GROUP_ID }
    return this.#shardOf(request.groupId)?.heartbeat(request) ?? { errorCode: errorCodes.NOT_COORDINATOR }
  }

  leaveGroup(request: LeaveRequest): LeaveAnswer | Promise<LeaveAnswer> {
    const refuse = (errorCode: number): LeaveAnswer => ({ errorCode, members: [] })
    if (request.groupId === '') return refuse(errorCodes.INVALID_GROUP_ID)
    const shard = this.#shardOf(request.groupId)
    if (shard === undefined) return refuse(errorCodes.NOT_COORDINATOR)
    return shard.run({ decide: (core, nowMs) => core.decideLeave(request, nowMs), refuse })
  }

  commitOffsets(input: CommitInput): CommitAnswer | Promise<CommitAnswer> {
    const refuse = (errorCode: number): CommitAnswer => commitRefused(input.request, errorCode)
    const shard = this.#shardOf(input.request.groupId)
    if (shard === undefined) return refuse(errorCodes.NOT_COORDINATOR)
    return shard.run({ decide: (core, nowMs) => core.decideCommit(input, nowMs), refuse })
  }

  fetchOffsets(query: OffsetFetchQuery): FetchedOffsets | Promise<FetchedOffsets> {
    const refuse = (errorCode: number): FetchedOffsets => ({ errorCode, topics: [] })
    const shard = this.#shardOf(query.groupId)
    if (shard === undefined) return refuse(errorCodes.NOT_COORDINATOR)
    return shard.run({
      decide: core => answered({ errorCode: errorCodes.NONE, topics: core.fetchOffsets(query) }),
      refuse,
    })
  }

  deleteOffsets(request: OffsetDeleteRequest): OffsetDeleteAnswer | Promise<OffsetDeleteAnswer> {
    const refuse = (errorCode: number): OffsetDeleteAnswer => ({ errorCode, topics: [] })
    if (request.groupId === '') return refuse(errorCodes.INVALID_GROUP_ID)
    const shard = this.#shardOf(request.groupId)
    if (shard === undefined) return refuse(errorCodes.NOT_COORDINATOR)
    return shard.run({ decide: core => core.decideOffsetDelete(request), refuse })
  }

  describeGroup(groupId: string, apiVersion: number): DescribedGroup | Promise<DescribedGroup> {
    const refuse = (errorCode: number): DescribedGroup => ({ ...undescribed, errorCode, groupId })
    const shard = this.#shardOf(groupId)
    if (shard === undefined) return refuse(errorCodes.NOT_COORDINATOR)
    return shard.run({ decide: core => answered(core.describe(groupId, apiVersion)), refuse })
  }

  /** COORDINATOR_LOAD_IN_PROGRESS while some of the groups are not known yet. */
  async listGroups(filter: GroupFilter): Promise<ListedGroups> {
    const groups: ListedGroup[] = []
    for (let partition = 0; this.#topic !== null && partition < this.#topic.partitions; partition++) {
      const shard = this.#openShard(partition, { evenIfEmpty: false })
      if (shard === undefined) continue
      const listed = await shard.run<ListedGroups>({
        decide: core => answered({ errorCode: errorCodes.NONE, groups: core.list(filter) }),
        refuse: errorCode => ({ errorCode, groups: [] }),
      })
      // A partition that is not ours is another coordinator's to list.
      if (listed.errorCode !== errorCodes.NONE && listed.errorCode !== errorCodes.NOT_COORDINATOR) return listed
      groups.push(...listed.groups)
    }
    return { errorCode: errorCodes.NONE, groups }
  }

  /** An error code for each group, in the order given. */
  async deleteGroups(groupIds: readonly string[]): Promise<readonly number[]> {
    const codes: number[] = []
    for (const groupId of groupIds) {
      const shard = this.#shardOf(groupId)
      const refuse = (errorCode: number): readonly number[] => [errorCode]
      const outcome = shard?.run({ decide: core => core.decideDelete([groupId]), refuse }) ?? [
        errorCodes.NOT_COORDINATOR,
      ]
      codes.push(...(await outcome))
    }
    return codes
  }

  get #partitions(): number {
    return this.#topic?.partitions ?? this.#options.config.offsetsTopicPartitions
  }

  #shardOf(groupId: string): GroupShard | undefined {
    return this.#openShard(this.partitionFor(groupId), { evenIfEmpty: true })
  }

  /** Shards come into being when they are needed: fifty idle ones would cost an embedded broker its quick start. */
  #openShard(partition: number, { evenIfEmpty }: { evenIfEmpty: boolean }): GroupShard | undefined {
    const open = this.#shards.get(partition)
    if (this.#stopped || this.#topic === null) return open
    const { logOf, config, clock, logger } = this.#options
    const log = logOf(partition)
    if (log === undefined) {
      // Led by another broker, or perhaps so: its groups are loaded again when this one leads them again.
      open?.close()
      this.#shards.delete(partition)
      return undefined
    }
    if (open !== undefined) return open
    if (log.isEmpty && !evenIfEmpty) return undefined
    const shard = new GroupShard({ partition, log, config, clock, logger })
    this.#shards.set(partition, shard)
    return shard
  }

  /** One after the other, so that the loop is not kept for long. */
  async #loadAll(): Promise<void> {
    for (let partition = 0; this.#topic !== null && partition < this.#topic.partitions; partition++) {
      await this.#openShard(partition, { evenIfEmpty: false })?.load()
    }
    let groups = 0
    for (const shard of this.#shards.values()) groups += shard.core?.groups.size ?? 0
    if (groups > 0) this.#options.logger.info('groups loaded', { groups })
  }

  async #forgetTopics(topics: ReadonlySet<string>): Promise<void> {
    await this.#loadAll()
    for (const shard of this.#shards.values()) shard.tick(core => core.decideTopicsDeleted(topics))
  }

  /** Version 4, as Kafka's member ids end with. */
  #randomUuid(): string {
    const bytes = this.#options.random.bytes(16)
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}

export interface FetchedOffsets {
  readonly errorCode: number
  readonly topics: readonly OffsetFetchTopic[]
}

export interface ListedGroups {
  readonly errorCode: number
  readonly groups: readonly ListedGroup[]
}

const undescribed: DescribedGroup = {
  errorCode: errorCodes.NONE,
  errorMessage: null,
  groupId: '',
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
}

function isGoneIn(image: ClusterImage): (topic: { readonly topicId: string }) => boolean {
  return ({ topicId }) => !image.topicsById.has(topicId)
}
