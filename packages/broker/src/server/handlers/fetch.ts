/**
 * Fetch, versions 4 to 18. ACL checks (with security): READ on each topic, CLUSTER_ACTION for replicas.
 *
 * Left out: records are never converted to an older format (Kafka 4 has none); no quotas, so throttleTimeMs is 0.
 */
import type { Clock } from '@odradek/platform'
import { errorCodes, type FetchRequest, fetchRequest, fetchResponse, type MessageInput } from '@odradek/protocol'
import type { FetchMemories } from '../../replication/fetch-memory.ts'
import { FetchOperation, failed, type PartitionFetch } from '../../replication/fetch-operation.ts'
import type { FetchPurgatory } from '../../replication/fetch-purgatory.ts'
import { type FetchedPartition, fetchKey, tell } from '../../replication/fetch-session.ts'
import type { FetchContext, FetchSessionCache, FetchSessionError } from '../../replication/fetch-session-cache.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import type { ReplicationThrottle } from '../../replication/replication-throttle.ts'
import { type ApiHandler, apiHandler, type RequestContext } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

export interface FetchDependencies {
  readonly partitions: PartitionRegistry
  readonly purgatory: FetchPurgatory
  readonly sessions: FetchSessionCache
  readonly memories: FetchMemories
  /** Of what followers are sent. */
  readonly leaderThrottle: ReplicationThrottle
  readonly clock: Clock
  readonly nodeEndpoints: NodeEndpoints
  /** fetch.max.bytes. */
  readonly fetchMaxBytes: () => number
}

type Answer = MessageInput<typeof fetchResponse>
type PartitionAnswer = NonNullable<NonNullable<Answer['responses']>[number]['partitions']>[number]

const sessionErrors: Readonly<Record<FetchSessionError, number>> = {
  'session-not-found': errorCodes.FETCH_SESSION_ID_NOT_FOUND,
  'wrong-epoch': errorCodes.INVALID_FETCH_SESSION_EPOCH,
  'topic-ids-differ': errorCodes.FETCH_SESSION_TOPIC_ID_ERROR,
}

export function fetchHandler(dependencies: FetchDependencies): ApiHandler<FetchRequest, Answer> {
  const { partitions, sessions, memories, clock } = dependencies
  return apiHandler(fetchRequest, fetchResponse, (request, context) => {
    const usesTopicIds = context.apiVersion >= 13
    const wanted = readWanted(request, usesTopicIds, partitions)
    const forgotten = request.forgottenTopicsData.flatMap(({ topic, topicId, partitions: indexes }) =>
      indexes.map(index => fetchKey(usesTopicIds, topicId, topic, index)),
    )
    const { sessionId, sessionEpoch } = request
    const fetchContext = sessions.open({ sessionId, sessionEpoch, usesTopicIds, wanted, forgotten }, clock.now())
    if (fetchContext.kind === 'error') return { errorCode: sessionErrors[fetchContext.error] }

    const interesting: FetchedPartition[] = []
    const erroneous: PartitionFetch[] = []
    const all = fetchContext.kind === 'incremental' ? fetchContext.session.partitions : wanted
    for (const partition of all.values()) {
      // A name that was unknown when the session began may be known by now; a known one is kept.
      if (usesTopicIds) partition.topic ??= partitions.topicName(partition.topicId) ?? null
      if (partition.topic === null) erroneous.push(failed(partition, undefined, errorCodes.UNKNOWN_TOPIC_ID))
      else if (partitions.has(partition.topic, partition.partition)) interesting.push(partition)
      else erroneous.push(failed(partition, undefined, errorCodes.UNKNOWN_TOPIC_OR_PARTITION))
    }

    const maxBytes = Math.min(request.maxBytes, dependencies.fetchMaxBytes())
    const replicaId = context.apiVersion >= 15 ? request.replicaState.replicaId : request.replicaId
    const operation = new FetchOperation({
      wanted: interesting,
      limits: {
        maxWaitMs: request.maxWaitMs,
        minBytes: Math.min(request.minBytes, maxBytes),
        maxBytes,
        readCommitted: request.isolationLevel === 1,
        replicaId,
        replicaEpoch: request.replicaState.replicaEpoch,
        rack: context.apiVersion >= 11 ? request.rackId : null,
      },
      registry: partitions,
      purgatory: dependencies.purgatory,
      memory: replicaId >= 0 ? memories.followers : memories.consumers,
      throttle: dependencies.leaderThrottle,
      clock,
    })
    const conclude = (fetched: PartitionFetch[]): Answer => {
      for (const { release } of fetched) if (release !== undefined) context.afterSent(release)
      for (const failure of erroneous) fetched.push(failure)
      return answer(fetched, { fetchContext, usesTopicIds, request, context, dependencies })
    }
    const fetched = operation.run()
    if (!(fetched instanceof Promise)) return conclude(fetched)
    context.whenClosed(() => operation.abandon())
    return fetched.then(conclude)
  })
}

/** By key: a partition named twice counts once, with what was said last. */
function readWanted(
  request: FetchRequest,
  usesTopicIds: boolean,
  registry: PartitionRegistry,
): Map<string, FetchedPartition> {
  const wanted = new Map<string, FetchedPartition>()
  for (const { topic: name, topicId, partitions } of request.topics) {
    const topic = usesTopicIds ? (registry.topicName(topicId) ?? null) : name
    for (const asked of partitions) {
      const key = fetchKey(usesTopicIds, topicId, topic, asked.partition)
      wanted.set(key, {
        key,
        topic,
        topicId,
        partition: asked.partition,
        fetchOffset: asked.fetchOffset,
        partitionMaxBytes: asked.partitionMaxBytes,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        lastFetchedEpoch: asked.lastFetchedEpoch,
        logStartOffset: asked.logStartOffset,
        toldHighWatermark: -1,
        toldLogStartOffset: -1,
      })
    }
  }
  return wanted
}

interface Asked {
  readonly fetchContext: Exclude<FetchContext, { kind: 'error' }>
  readonly usesTopicIds: boolean
  readonly request: FetchRequest
  readonly context: RequestContext
  readonly dependencies: FetchDependencies
}

function answer(fetched: readonly PartitionFetch[], asked: Asked): Answer {
  const { fetchContext } = asked
  switch (fetchContext.kind) {
    case 'sessionless':
      return compose(fetched, 0, asked)
    case 'full':
      return compose(fetched, createSession(fetched, asked), asked)
    case 'incremental': {
      const { session } = fetchContext
      if (session.epoch !== fetchContext.epoch) {
        return { errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH, sessionId: session.id }
      }
      const news = fetched.filter(one => session.tell(one.wanted.key, one))
      return compose(news, session.id, asked)
    }
  }
}

/** The id of the new session; 0 where the cache has no room for it. */
function createSession(fetched: readonly PartitionFetch[], { usesTopicIds, request, dependencies }: Asked): number {
  const partitions = new Map<string, FetchedPartition>()
  for (const one of fetched) {
    tell(one.wanted, one)
    partitions.set(one.wanted.key, one.wanted)
  }
  const privileged = Math.max(request.replicaId, request.replicaState.replicaId) >= 0
  const { sessions, clock } = dependencies
  return sessions.create({ usesTopicIds, privileged, partitions }, clock.now())?.id ?? 0
}

/** Partitions of one topic that follow one another share its entry. */
function compose(fetched: readonly PartitionFetch[], sessionId: number, asked: Asked): Answer {
  const responses: { topic: string; topicId: string; partitions: PartitionAnswer[] }[] = []
  const leaders = new Set<number>()
  let current: (typeof responses)[number] | undefined
  for (const one of fetched) {
    const topic = one.wanted.topic ?? ''
    if (current === undefined || current.topicId !== one.wanted.topicId || current.topic !== topic) {
      current = { topic, topicId: one.wanted.topicId, partitions: [] }
      responses.push(current)
    }
    current.partitions.push(composePartition(one, leaders, asked))
  }
  const answer = { sessionId, responses }
  if (leaders.size === 0) return answer
  return { ...answer, nodeEndpoints: asked.dependencies.nodeEndpoints(leaders, asked.context) }
}

function composePartition(one: PartitionFetch, leaders: Set<number>, { request, context }: Asked): PartitionAnswer {
  const { wanted, partition, divergingEpoch } = one
  const { apiVersion } = context
  let { errorCode } = one
  // Clients that may not know these codes take the nearest that they know.
  if (errorCode === errorCodes.KAFKA_STORAGE_ERROR && apiVersion <= 5) errorCode = errorCodes.NOT_LEADER_OR_FOLLOWER
  if (apiVersion < 10 && partition?.log.config.compressionType === 'zstd') {
    return {
      partitionIndex: wanted.partition,
      errorCode: errorCodes.UNSUPPORTED_COMPRESSION_TYPE,
      highWatermark: -1,
      records: noRecords,
    }
  }
  const composed: PartitionAnswer = {
    partitionIndex: wanted.partition,
    errorCode,
    highWatermark: one.highWatermark,
    lastStableOffset: one.lastStableOffset,
    logStartOffset: one.logStartOffset,
    abortedTransactions: listsAborted(errorCode, request.isolationLevel) ? abortedIn(one) : null,
    preferredReadReplica: one.preferredReadReplica,
    records: one.byteLength === 0 ? noRecords : one.chunks,
  }
  if (divergingEpoch !== null) return { ...composed, abortedTransactions: null, divergingEpoch }
  if (apiVersion >= 16 && partition !== undefined && tellsLeader(errorCode)) {
    leaders.add(partition.leaderId)
    return { ...composed, currentLeader: { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch } }
  }
  return composed
}

/** Transactions are not served yet, but a log that was Kafka's may hold some. */
function abortedIn({ wanted, partition, byteLength, lastStableOffset }: PartitionFetch) {
  if (partition === undefined || byteLength === 0) return []
  return partition.log.abortedTransactions(wanted.fetchOffset, lastStableOffset)
}

/** An empty list or null, as Kafka has it in each case. */
function listsAborted(errorCode: number, isolationLevel: number): boolean {
  if (errorCode === errorCodes.NONE) return isolationLevel === 1
  return errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION || errorCode === errorCodes.UNKNOWN_TOPIC_ID
}

/** KIP-951: a client with an old idea of the leader gets the new one with the error. */
function tellsLeader(errorCode: number): boolean {
  return errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER || errorCode === errorCodes.FENCED_LEADER_EPOCH
}

const noRecords = Buffer.alloc(0)
