import { array, bytes, int32, string, struct } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/**
 * What a consumer says of itself in JoinGroup, behind an int16 version.
 * v1: owned partitions, for cooperative rebalances (KIP-429). v2: generation (KIP-792). v3: rack (KIP-881).
 */
export const consumerProtocolSubscription = data(
  { name: 'ConsumerProtocolSubscription', versions: [0, 3] },
  {
    topics: array(string()),
    userData: bytes().nullable(),
    ownedPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    )
      .since(1)
      .ignorable(),
    generationId: int32().since(2).default(-1).ignorable(),
    rackId: string().nullable().since(3).ignorable(),
  },
)
export interface ConsumerProtocolSubscription extends Message<typeof consumerProtocolSubscription> {}

/** What the leader of a classic consumer group assigns to a member in SyncGroup, behind an int16 version. */
export const consumerProtocolAssignment = data(
  { name: 'ConsumerProtocolAssignment', versions: [0, 3] },
  {
    assignedPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    ),
    userData: bytes().nullable(),
  },
)
export interface ConsumerProtocolAssignment extends Message<typeof consumerProtocolAssignment> {}
