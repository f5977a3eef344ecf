import { array, int16, int32, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A voter tells the leader its addresses and versions (KIP-853). */
export const updateRaftVoterRequest = request(
  { key: 82, versions: [0, 0], flexible: 0 },
  {
    clusterId: string().nullable().default(''),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    ),
    kRaftVersionFeature: struct({
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
)
export interface UpdateRaftVoterRequest extends Message<typeof updateRaftVoterRequest> {}

/** An error code, and who leads. */
export const updateRaftVoterResponse = response(
  { key: 82, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    currentLeader: struct({
      leaderId: int32().default(-1),
      leaderEpoch: int32().default(-1),
      host: string(),
      port: int32(),
    }).tagged(0),
  },
)
export interface UpdateRaftVoterResponse extends Message<typeof updateRaftVoterResponse> {}
