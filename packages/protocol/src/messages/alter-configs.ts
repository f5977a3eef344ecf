import { array, bool, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Replaces all dynamic settings of a resource. IncrementalAlterConfigs took its place (KIP-339). */
export const alterConfigsRequest = request(
  { key: 33, versions: [0, 2], flexible: 2 },
  {
    resources: array(
      struct({
        /** 2: topic. 4: broker. 8: broker logger. 16: client metrics. 32: group. */
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: string().nullable().default(''),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  },
)
export interface AlterConfigsRequest extends Message<typeof alterConfigsRequest> {}

/** An error code by resource. */
export const alterConfigsResponse = response(
  { key: 33, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    responses: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
        resourceType: int8(),
        resourceName: string(),
      }),
    ),
  },
)
export interface AlterConfigsResponse extends Message<typeof alterConfigsResponse> {}
