import { array, bool, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Raises or lowers feature levels (KIP-584). v1: dry run, and what kind of change is allowed (KIP-778). */
export const updateFeaturesRequest = request(
  { key: 57, versions: [0, 2], flexible: 0 },
  {
    timeoutMs: int32().default(60000),
    featureUpdates: array(
      struct({
        feature: string(),
        /** 0 deletes the feature. */
        maxVersionLevel: int16(),
        allowDowngrade: bool().until(0),
        /** 1: upgrade only. 2: downgrade without loss. 3: any downgrade. */
        upgradeType: int8().since(1).default(1),
      }),
    ),
    validateOnly: bool().since(1),
  },
)
export interface UpdateFeaturesRequest extends Message<typeof updateFeaturesRequest> {}

/** v0 and v1: an error code by feature; from v2 on one for all. */
export const updateFeaturesResponse = response(
  { key: 57, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    results: array(
      struct({
        feature: string(),
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
      }),
    )
      .until(1)
      .ignorable(),
  },
)
export interface UpdateFeaturesResponse extends Message<typeof updateFeaturesResponse> {}
