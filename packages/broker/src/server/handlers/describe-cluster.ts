/**
 * DescribeCluster, versions 0 to 2: the brokers and who the controller is (KIP-700). ACL checks (with security): DESCRIBE on
 * the cluster. Asked for controllers (endpoint type 2) a broker refuses: those have a listener of their own in Kafka.
 */
import {
  type DescribeClusterRequest,
  describeClusterRequest,
  describeClusterResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { clusterOperations, operationsNotAsked } from '../../core/cluster/authorized-operations.ts'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

type Answer = MessageInput<typeof describeClusterResponse>

const noController = -1

const endpointTypes = { broker: 1, controller: 2 } as const

export function describeClusterHandler({
  image: currentImage,
  nodeEndpoints,
  hasSession,
}: {
  image: () => ClusterImage
  /** Whether what this broker knows of the cluster is of now. */
  hasSession: () => boolean
  nodeEndpoints: NodeEndpoints
}): ApiHandler<DescribeClusterRequest, Answer> {
  return apiHandler(describeClusterRequest, describeClusterResponse, (request, context) => {
    const image = currentImage()
    const refused = refuseEndpointType(request.endpointType)
    if (refused !== null) return refused
    const endpoints = nodeEndpoints(image.brokers.keys(), context, { includeFenced: request.includeFencedBrokers })
    return {
      errorMessage: null,
      endpointType: endpointTypes.broker,
      clusterId: image.clusterId,
      // Without a session the broker does not hear whether anybody is the controller still: where the metadata store is gone, nobody
      // can do a controller's work. Metadata goes on to name the last one, for clients that do not get on without.
      controllerId: hasSession() ? image.controllerId : noController,
      brokers: endpoints.map(({ nodeId, ...endpoint }) => ({
        brokerId: nodeId,
        ...endpoint,
        isFenced: image.brokers.get(nodeId)?.fenced ?? true,
      })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
    }
  })
}

function refuseEndpointType(endpointType: number): Answer | null {
  if (endpointType === endpointTypes.broker) return null
  if (endpointType === endpointTypes.controller) {
    return {
      errorCode: errorCodes.MISMATCHED_ENDPOINT_TYPE,
      errorMessage: 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    }
  }
  return {
    errorCode: errorCodes.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: `Unsupported endpoint type ${endpointType}`,
  }
}
