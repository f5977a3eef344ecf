import { array, bool, int16, int32, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Adds a voter to the KRaft quorum (KIP-853). */
export const addRaftVoterRequest = request(
  { key: 80, versions: [0, 1], flexible: 0 },
  {
    clusterId: string().nullable().default(''),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    ),
    ackWhenCommitted: bool().since(1).default(true),
  },
)
export interface AddRaftVoterRequest extends Message<typeof addRaftVoterRequest> {}

/** An error code. */
export const addRaftVoterResponse = response(
  { key: 80, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default('').ignorable(),
  },
)
export interface AddRaftVoterResponse extends Message<typeof addRaftVoterResponse> {}
