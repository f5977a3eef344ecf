import { int16, int32, string, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Removes a voter from the KRaft quorum (KIP-853). */
export const removeRaftVoterRequest = request(
  { key: 81, versions: [0, 0], flexible: 0 },
  {
    clusterId: string().nullable().default(''),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
)
export interface RemoveRaftVoterRequest extends Message<typeof removeRaftVoterRequest> {}

/** An error code. */
export const removeRaftVoterResponse = response(
  { key: 81, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default('').ignorable(),
  },
)
export interface RemoveRaftVoterResponse extends Message<typeof removeRaftVoterResponse> {}
