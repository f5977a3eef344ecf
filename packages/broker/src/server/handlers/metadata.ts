/**
 * Metadata, versions 0 to 13: brokers, topics and who leads each partition. ACL checks (with security): DESCRIBE on each
 * topic (those of "all topics" are left out silently), CREATE on cluster or topic where a topic is created.
 *
 * A missing topic that may be created is created before the answer, so that no client ever sees it without a leader; in
 * Kafka the client gets UNKNOWN_TOPIC_OR_PARTITION first and has to ask again.
 */
import {
  errorCodes,
  type MessageInput,
  type MetadataRequest,
  metadataRequest,
  metadataResponse,
  zeroUuid,
} from '@odradek/protocol'
import { clusterOperations, operationsNotAsked, topicOperations } from '../../core/cluster/authorized-operations.ts'
import { type ClusterImage, isInternalTopic, liveBrokers, type TopicImage } from '../../core/cluster/cluster-image.ts'
import { invalidTopicName } from '../../core/cluster/topic-name.ts'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import type { TopicCreation } from '../../metadata/topic-creation.ts'
import { type ApiHandler, apiHandler, type RequestContext } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'
import { describePartition, type PartitionView, reachableBrokers } from './describe-partition.ts'

type Answer = MessageInput<typeof metadataResponse>
type AnswerTopic = NonNullable<Answer['topics']>[number]

export interface MetadataDependencies {
  readonly image: () => ClusterImage
  readonly config: BrokerConfig
  readonly topicCreation: TopicCreation
  readonly nodeEndpoints: NodeEndpoints
}

export function metadataHandler(dependencies: MetadataDependencies): ApiHandler<MetadataRequest, Answer> {
  return apiHandler(metadataRequest, metadataResponse, (request, context) => {
    const { apiVersion } = context
    const malformed = checkRequest(request, apiVersion)
    if (malformed) return malformed
    const missing = namesToCreate(request, apiVersion, dependencies)
    if (missing.length === 0) return answer(request, context, dependencies, new Map())
    return dependencies.topicCreation
      .createMissing(missing)
      .then(problems => answer(request, context, dependencies, problems))
  })
}

/** Null, or in version 0 an empty list, asks for all topics. */
function asksForAll({ topics }: MetadataRequest, apiVersion: number): boolean {
  return topics === null || (apiVersion === 0 && topics.length === 0)
}

/** Versions 10 and 11 have places for ids and null names, and no meaning for them; later ones want one of the two. */
function checkRequest({ topics }: MetadataRequest, apiVersion: number): Answer | null {
  if (topics === null) return null
  const refuse = (errorCode: number): Answer => ({
    clusterId: null,
    topics: topics.map(({ name, topicId }) => ({ name: name ?? '', topicId, errorCode })),
  })
  const hasId = topics.some(({ topicId }) => topicId !== zeroUuid)
  const isNameless = topics.some(({ name }) => name === null)
  if (apiVersion < 12) return hasId || isNameless ? refuse(errorCodes.INVALID_REQUEST) : null
  return isNameless && !hasId ? refuse(errorCodes.UNKNOWN_SERVER_ERROR) : null
}

function namesToCreate(
  request: MetadataRequest,
  apiVersion: number,
  { config, image }: MetadataDependencies,
): readonly string[] {
  if (!request.allowAutoTopicCreation || asksForAll(request, apiVersion)) return []
  if (request.topics?.some(({ topicId }) => topicId !== zeroUuid) || !config.boolean('auto.create.topics.enable'))
    return []
  const names = new Set(request.topics?.map(({ name }) => name))
  return [...names].filter(
    name => name !== null && !image().topics.has(name) && invalidTopicName(name) === null,
  ) as string[]
}

function answer(
  request: MetadataRequest,
  context: RequestContext,
  { image: currentImage, nodeEndpoints }: MetadataDependencies,
  /** Why a topic could not be created. */
  problems: ReadonlyMap<string, number>,
): Answer {
  const image = currentImage()
  const { apiVersion } = context
  const reachable = reachableBrokers(image, nodeEndpoints, context)
  const view: PartitionView = {
    image,
    reachable,
    missingListener: apiVersion >= 6 ? errorCodes.LISTENER_NOT_FOUND : errorCodes.LEADER_NOT_AVAILABLE,
  }
  const topicAuthorizedOperations = request.includeTopicAuthorizedOperations ? topicOperations : operationsNotAsked
  const describe = (topic: TopicImage): AnswerTopic => ({
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, partitionIndex) => {
      const described = { partitionIndex, ...describePartition(partition, view) }
      return apiVersion === 0 ? withoutUnreachable(described, reachable) : described
    }),
    topicAuthorizedOperations,
  })
  return {
    brokers: [...reachable.values()],
    clusterId: image.clusterId,
    controllerId: controllerOf(image),
    topics: asksForAll(request, apiVersion)
      ? [...image.topics.values()].map(describe)
      : askedTopics(request, image, problems).map(found => {
          if ('partitions' in found) return describe(found)
          return found.name === null ? found : { ...found, topicAuthorizedOperations }
        }),
    clusterAuthorizedOperations:
      apiVersion <= 10 && request.includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
  }
}

/** The broker that takes changes; clients send them there. */
function controllerOf(image: ClusterImage): number {
  const controller = image.brokers.get(image.controllerId)
  return controller !== undefined && !controller.fenced ? image.controllerId : (liveBrokers(image)[0]?.brokerId ?? -1)
}

/** By id when there is any id, else by name; each topic once. */
function askedTopics(
  { topics }: MetadataRequest,
  image: ClusterImage,
  problems: ReadonlyMap<string, number>,
): (TopicImage | Omit<AnswerTopic, 'partitions'>)[] {
  const ids = new Set(topics?.map(({ topicId }) => topicId).filter(id => id !== zeroUuid))
  if (ids.size > 0) {
    const missing = { errorCode: errorCodes.UNKNOWN_TOPIC_ID, name: null }
    const known = [...ids].map(topicId => image.topicsById.get(topicId) ?? { ...missing, topicId })
    return known.sort((a, b) => Number('errorCode' in b) - Number('errorCode' in a))
  }
  const names = new Set(topics?.map(({ name }) => name ?? ''))
  return [...names].map(name => {
    const topic = image.topics.get(name)
    if (topic !== undefined) return topic
    const unknown =
      invalidTopicName(name) === null ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.INVALID_TOPIC_EXCEPTION
    return { errorCode: problems.get(name) ?? unknown, name, isInternal: isInternalTopic(name) }
  })
}

/** Clients of version 0 stumble over brokers that the answer does not describe. */
function withoutUnreachable<T extends ReturnType<typeof describePartition>>(
  described: T,
  reachable: ReadonlyMap<number, unknown>,
): T {
  const isReachable = (id: number) => reachable.has(id)
  const complete = described.replicaNodes.every(isReachable) && described.isrNodes.every(isReachable)
  return {
    ...described,
    errorCode:
      complete || described.errorCode !== errorCodes.NONE ? described.errorCode : errorCodes.REPLICA_NOT_AVAILABLE,
    replicaNodes: described.replicaNodes.filter(isReachable),
    isrNodes: described.isrNodes.filter(isReachable),
  }
}
