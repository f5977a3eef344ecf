import { array, bool, float64, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Sets and removes quotas (KIP-546). */
export const alterClientQuotasRequest = request(
  { key: 49, versions: [0, 1], flexible: 1 },
  {
    entries: array(
      struct({
        entity: array(
          struct({
            entityType: string(),
            entityName: string().nullable().default(''),
          }),
        ),
        ops: array(
          struct({
            key: string(),
            value: float64(),
            remove: bool(),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  },
)
export interface AlterClientQuotasRequest extends Message<typeof alterClientQuotasRequest> {}

/** An error code by entity. */
export const alterClientQuotasResponse = response(
  { key: 49, versions: [0, 1], flexible: 1 },
  {
    throttleTimeMs: int32(),
    entries: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
        entity: array(
          struct({
            entityType: string(),
            entityName: string().nullable().default(''),
          }),
        ),
      }),
    ),
  },
)
export interface AlterClientQuotasResponse extends Message<typeof alterClientQuotasResponse> {}
