import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Lists resources that have a configuration: in v0 client-metrics subscriptions (KIP-714), from v1 on of all types
 * (KIP-1142).
 */
export const listConfigResourcesRequest = request(
  { key: 74, versions: [0, 1], flexible: 0 },
  {
    resourceTypes: array(int8()).since(1),
  },
)
export interface ListConfigResourcesRequest extends Message<typeof listConfigResourcesRequest> {}

/** Names, and from v1 on types. */
export const listConfigResourcesResponse = response(
  { key: 74, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array(
      struct({
        resourceName: string(),
        resourceType: int8().since(1).default(16).ignorable(),
      }),
    ),
  },
)
export interface ListConfigResourcesResponse extends Message<typeof listConfigResourcesResponse> {}
