/**
 * ElectLeaders, versions 0 to 2: gives partitions to their preferred leaders (KIP-183), or to anybody who lives where nobody
 * leads (KIP-460). ACL checks (with security): ALTER on the cluster.
 */
import {
  type ElectLeadersRequest,
  electLeadersRequest,
  electLeadersResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { type Outcome, refusal } from '../../core/cluster/decision.ts'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { inTime } from './unless-store-fails.ts'

type Answer = MessageInput<typeof electLeadersResponse>
type AskedTopics = NonNullable<ElectLeadersRequest['topicPartitions']>

const elections = ['preferred', 'unclean'] as const

export function electLeadersHandler({
  controller,
  image,
}: {
  controller: Pick<Controller, 'electLeaders'>
  image: () => ClusterImage
}): ApiHandler<ElectLeadersRequest, Answer> {
  return apiHandler(electLeadersRequest, electLeadersResponse, (request, { apiVersion }) => {
    const { electionType, topicPartitions, timeoutMs } = request
    // Whoever asks for nothing gets it, whatever else is in the request.
    if (topicPartitions?.length === 0) return {}
    const refuse = (outcome: Outcome): Answer => ({
      // Version 0 has an error for each partition only.
      ...(apiVersion >= 1 && { errorCode: outcome.errorCode }),
      replicaElectionResults: describe(topicPartitions ?? [], () => outcome),
    })
    const election = elections[electionType]
    if (election === undefined) {
      return refuse(refusal('INVALID_REQUEST', `Unknown election type ${electionType}`))
    }
    const asked = topicPartitions ?? everyPartition(image())
    const partitions = asked.flatMap(({ topic, partitions }) => partitions.map(partitionId => ({ topic, partitionId })))
    const elect = async (): Promise<Answer> => {
      const outcomes = (await controller.electLeaders({ election, partitions })).values()
      const results = describe(asked, () => outcomes.next().value)
      return { replicaElectionResults: topicPartitions === null ? results.map(withoutUnneeded) : results }
    }
    return inTime(timeoutMs, elect, refuse)
  })
}

function everyPartition(image: ClusterImage): AskedTopics {
  return [...image.topics.values()].map(({ name, partitions }) => ({ topic: name, partitions: [...partitions.keys()] }))
}

/** As asked for, with the outcome of each in turn. */
function describe(asked: AskedTopics, next: () => Outcome | undefined) {
  return asked.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map(partitionId => ({ partitionId, ...next() })),
  }))
}

/** Asked for all partitions, only those are answered that needed an election. */
function withoutUnneeded(topic: ReturnType<typeof describe>[number]) {
  const { partitionResult } = topic
  return {
    ...topic,
    partitionResult: partitionResult.filter(({ errorCode }) => errorCode !== errorCodes.ELECTION_NOT_NEEDED),
  }
}
