import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Asks which broker coordinates a group, a transactional id or a share partition.
 * v4: several keys at once (KIP-699). v6: share partitions (KIP-932).
 */
export const findCoordinatorRequest = request(
  { key: 10, versions: [0, 6], flexible: 3 },
  {
    key: string().until(3),
    /** 0: group. 1: transactional id. 2: share partition. */
    keyType: int8().since(1),
    coordinatorKeys: array(string()).since(4),
  },
)
export interface FindCoordinatorRequest extends Message<typeof findCoordinatorRequest> {}

/** The coordinators' addresses. Up to v3 one, from v4 on one a key. */
export const findCoordinatorResponse = response(
  { key: 10, versions: [0, 6], flexible: 3 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    errorCode: int16().until(3),
    errorMessage: string().nullable().since(1).until(3).default('').ignorable(),
    nodeId: int32().until(3),
    host: string().until(3),
    port: int32().until(3),
    coordinators: array(
      struct({
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string().nullable().default('').ignorable(),
      }),
    ).since(4),
  },
)
export interface FindCoordinatorResponse extends Message<typeof findCoordinatorResponse> {}
