/**
 * ListConfigResources, versions 0 and 1: what has settings (KIP-1142). Version 0 asks for the subscriptions of client
 * metrics, of which there are none. ACL checks (with security): DESCRIBE_CONFIGS on the cluster.
 */
import {
  errorCodes,
  type ListConfigResourcesRequest,
  listConfigResourcesRequest,
  listConfigResourcesResponse,
  type MessageInput,
} from '@odradek/protocol'
import { resourceTypes } from '../../core/cluster/alter-configs.ts'
import { type ClusterImage, liveBrokers } from '../../core/cluster/cluster-image.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof listConfigResourcesResponse>

const allTypes: readonly number[] = Object.values(resourceTypes)

export function listConfigResourcesHandler({
  image,
}: {
  image: () => ClusterImage
}): ApiHandler<ListConfigResourcesRequest, Answer> {
  return apiHandler(listConfigResourcesRequest, listConfigResourcesResponse, (request, { apiVersion }) => {
    if (apiVersion === 0) return { configResources: [] }
    if (request.resourceTypes.some(type => !allTypes.includes(type))) {
      return { errorCode: errorCodes.UNSUPPORTED_VERSION }
    }
    const types = request.resourceTypes.length === 0 ? allTypes : new Set(request.resourceTypes)
    return {
      configResources: [...types].flatMap(resourceType =>
        namesOf(resourceType, image()).map(resourceName => ({ resourceName, resourceType })),
      ),
    }
  })
}

function namesOf(resourceType: number, image: ClusterImage): string[] {
  switch (resourceType) {
    case resourceTypes.topic:
      return [...image.topics.keys()]
    case resourceTypes.broker:
    case resourceTypes.brokerLogger:
      return liveBrokers(image).map(({ brokerId }) => String(brokerId))
    case resourceTypes.group:
      return [...image.configs.keys()].filter(key => key.startsWith('group/')).map(key => key.slice('group/'.length))
    default:
      return []
  }
}
