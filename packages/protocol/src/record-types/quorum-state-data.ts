import { array, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** The `quorum-state` file of a KRaft replica. */
export const quorumStateData = data(
  { name: 'QuorumStateData', versions: [0, 1], flexible: 0 },
  {
    clusterId: string().until(0),
    leaderId: int32().default(-1),
    leaderEpoch: int32().default(-1),
    votedId: int32().default(-1),
    votedDirectoryId: uuid().since(1),
    appliedOffset: int64().until(0),
    currentVoters: array(
      struct({
        voterId: int32(),
      }),
    )
      .nullable()
      .until(0)
      .default([]),
  },
)
export interface QuorumStateData extends Message<typeof quorumStateData> {}
