import { array, bool, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Sets and deletes single settings, appends to and subtracts from lists (KIP-339). */
export const incrementalAlterConfigsRequest = request(
  { key: 44, versions: [0, 1], flexible: 1 },
  {
    resources: array(
      struct({
        /** 2: topic. 4: broker. 8: broker logger. 16: client metrics. 32: group. */
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            /** 0: set. 1: delete. 2: append. 3: subtract. */
            configOperation: int8(),
            value: string().nullable().default(''),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  },
)
export interface IncrementalAlterConfigsRequest extends Message<typeof incrementalAlterConfigsRequest> {}

/** An error code by resource. */
export const incrementalAlterConfigsResponse = response(
  { key: 44, versions: [0, 1], flexible: 1 },
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
export interface IncrementalAlterConfigsResponse extends Message<typeof incrementalAlterConfigsResponse> {}
