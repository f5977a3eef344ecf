import { array, bool, int16, int32, int64, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * A broker makes itself known to the controller (KIP-631).
 * v2: log directories (KIP-858). v3: the former broker epoch (KIP-966).
 */
export const brokerRegistrationRequest = request(
  { key: 62, versions: [0, 4], flexible: 0 },
  {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
    listeners: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
    rack: string().nullable().default(''),
    isMigratingZkBroker: bool().since(1),
    logDirs: array(uuid()).since(2).ignorable(),
    previousBrokerEpoch: int64().since(3).default(-1).ignorable(),
  },
)
export interface BrokerRegistrationRequest extends Message<typeof brokerRegistrationRequest> {}

/** The broker's new epoch. */
export const brokerRegistrationResponse = response(
  { key: 62, versions: [0, 4], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64().default(-1),
  },
)
export interface BrokerRegistrationResponse extends Message<typeof brokerRegistrationResponse> {}
