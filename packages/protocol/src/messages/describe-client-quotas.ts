import { array, bool, float64, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists the quotas that match a filter (KIP-546). */
export const describeClientQuotasRequest = request(
  { key: 48, versions: [0, 1], flexible: 1 },
  {
    components: array(
      struct({
        entityType: string(),
        /** 0: this name. 1: the default. 2: any name. */
        matchType: int8(),
        match: string().nullable().default(''),
      }),
    ),
    strict: bool(),
  },
)
export interface DescribeClientQuotasRequest extends Message<typeof describeClientQuotasRequest> {}

/** Quotas by entity. */
export const describeClientQuotasResponse = response(
  { key: 48, versions: [0, 1], flexible: 1 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    entries: array(
      struct({
        entity: array(
          struct({
            entityType: string(),
            entityName: string().nullable().default(''),
          }),
        ),
        values: array(
          struct({
            key: string(),
            value: float64(),
          }),
        ),
      }),
    )
      .nullable()
      .default([]),
  },
)
export interface DescribeClientQuotasResponse extends Message<typeof describeClientQuotasResponse> {}
