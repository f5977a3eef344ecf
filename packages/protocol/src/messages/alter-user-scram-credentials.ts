import { array, bytes, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Sets and deletes SCRAM credentials (KIP-554). */
export const alterUserScramCredentialsRequest = request(
  { key: 51, versions: [0, 0], flexible: 0 },
  {
    deletions: array(
      struct({
        name: string(),
        mechanism: int8(),
      }),
    ),
    upsertions: array(
      struct({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    ),
  },
)
export interface AlterUserScramCredentialsRequest extends Message<typeof alterUserScramCredentialsRequest> {}

/** An error code by user. */
export const alterUserScramCredentialsResponse = response(
  { key: 51, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
      }),
    ),
  },
)
export interface AlterUserScramCredentialsResponse extends Message<typeof alterUserScramCredentialsResponse> {}
