import { array, bool, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Asks for the cluster id, brokers or controllers (KIP-700).
 * v1: endpoint type (KIP-919). v2: fenced brokers (KIP-1073).
 */
export const describeClusterRequest = request(
  { key: 60, versions: [0, 2], flexible: 0 },
  {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8().since(1).default(1),
    includeFencedBrokers: bool().since(2),
  },
)
export interface DescribeClusterRequest extends Message<typeof describeClusterRequest> {}

/** The cluster's brokers or controllers. */
export const describeClusterResponse = response(
  { key: 60, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    endpointType: int8().since(1).default(1),
    clusterId: string(),
    controllerId: int32().default(-1),
    brokers: array(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable(),
        isFenced: bool().since(2),
      }),
    ),
    /** A bit for each operation; the least int32 where it was not asked for. */
    clusterAuthorizedOperations: int32().default(-2147483648),
  },
)
export interface DescribeClusterResponse extends Message<typeof describeClusterResponse> {}
