/**
 * FindCoordinator, versions 0 to 6: which broker coordinates a group. v1: key types. v4: several keys at once (KIP-699).
 * ACL checks (with security): DESCRIBE on each group.
 *
 * Left out: coordinators of transactions (key type 1) and of share groups (2) do not exist here yet. They are refused for
 * good, as Kafka refuses share groups where they are off: a client that was told to try again would do so for ever.
 */
import {
  errorCodes,
  errorMessage,
  type FindCoordinatorRequest,
  findCoordinatorRequest,
  findCoordinatorResponse,
  type MessageInput,
} from '@odradek/protocol'
import { type GroupCoordinator, offsetsTopic } from '../../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { type ApiHandler, apiHandler, type RequestContext } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

type Answer = MessageInput<typeof findCoordinatorResponse>

interface Found {
  readonly errorCode: number
  readonly errorMessage: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

const groupKeyType = 0
const firstVersionWithKeys = 4

export interface FindCoordinatorOptions {
  readonly groups: GroupCoordinator
  readonly image: () => ClusterImage
  readonly nodeEndpoints: NodeEndpoints
  /** Creates `__consumer_offsets`; resolves when it is served, or could not be made. */
  readonly createOffsetsTopic: () => Promise<unknown>
}

export function findCoordinatorHandler(options: FindCoordinatorOptions): ApiHandler<FindCoordinatorRequest, Answer> {
  let creation: Promise<unknown> | null = null
  // One creation for all who ask meanwhile; the next one to ask tries again, if it failed.
  const createOnce = (): Promise<unknown> => {
    creation ??= options.createOffsetsTopic().finally(() => {
      creation = null
    })
    return creation
  }
  return apiHandler(findCoordinatorRequest, findCoordinatorResponse, (request, context) => {
    const isMissing = request.keyType === groupKeyType && !options.image().topics.has(offsetsTopic)
    return isMissing ? createOnce().then(() => answer(options, request, context)) : answer(options, request, context)
  })
}

function answer(options: FindCoordinatorOptions, request: FindCoordinatorRequest, context: RequestContext): Answer {
  const { apiVersion } = context
  const find = (key: string): Found =>
    request.keyType === groupKeyType ? findGroupCoordinator(options, key, context) : refusedType(request.keyType)
  if (apiVersion >= firstVersionWithKeys) {
    return { coordinators: request.coordinatorKeys.map(key => ({ key, ...find(key) })) }
  }
  const found = find(request.key)
  const message = found.errorCode === errorCodes.NONE ? 'NONE' : errorMessage(found.errorCode)
  return { ...found, errorMessage: found.errorMessage || message }
}

function findGroupCoordinator(
  { groups, image, nodeEndpoints }: FindCoordinatorOptions,
  groupId: string,
  context: RequestContext,
): Found {
  const partition = image().topics.get(offsetsTopic)?.partitions[groups.partitionFor(groupId)]
  const [node] = partition === undefined ? [] : nodeEndpoints([partition.leader], context)
  if (node === undefined) return refused(errorCodes.COORDINATOR_NOT_AVAILABLE, '')
  const { nodeId, host, port } = node
  return { errorCode: errorCodes.NONE, errorMessage: '', nodeId, host, port }
}

function refusedType(keyType: number): Found {
  const kind = ({ 1: 'transactions', 2: 'share groups' } as Record<number, string>)[keyType]
  const message =
    kind === undefined
      ? `Key type ${keyType} is unknown: 0 asks for a group's coordinator.`
      : `This broker does not have ${kind} yet.`
  return refused(errorCodes.INVALID_REQUEST, message)
}

function refused(errorCode: number, message: string): Found {
  return { errorCode, errorMessage: message, nodeId: -1, host: '', port: -1 }
}
