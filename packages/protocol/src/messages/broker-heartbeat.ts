import { array, bool, int16, int32, int64, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * A broker keeps its registration alive and asks to be unfenced or shut down (KIP-631).
 * v1: failed log directories (KIP-858). v2: cordoned ones (KIP-1066).
 */
export const brokerHeartbeatRequest = request(
  { key: 63, versions: [0, 2], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64().default(-1),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: array(uuid()).since(1).tagged(0),
    cordonedLogDirs: array(uuid()).nullable().since(2).tagged(1),
  },
)
export interface BrokerHeartbeatRequest extends Message<typeof brokerHeartbeatRequest> {}

/** Whether the broker is fenced, caught up, and may stop. */
export const brokerHeartbeatResponse = response(
  { key: 63, versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool(),
    isFenced: bool().default(true),
    shouldShutDown: bool(),
  },
)
export interface BrokerHeartbeatResponse extends Message<typeof brokerHeartbeatResponse> {}
