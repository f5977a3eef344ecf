import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists which SCRAM credentials users have, without secrets (KIP-554). */
export const describeUserScramCredentialsRequest = request(
  { key: 50, versions: [0, 0], flexible: 0 },
  {
    users: array(
      struct({
        name: string(),
      }),
    )
      .nullable()
      .default([]),
  },
)
export interface DescribeUserScramCredentialsRequest extends Message<typeof describeUserScramCredentialsRequest> {}

/** Mechanisms and iterations by user. */
export const describeUserScramCredentialsResponse = response(
  { key: 50, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    results: array(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: string().nullable().default(''),
        credentialInfos: array(
          struct({
            mechanism: int8(),
            iterations: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeUserScramCredentialsResponse extends Message<typeof describeUserScramCredentialsResponse> {}
