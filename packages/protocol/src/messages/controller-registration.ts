import { array, bool, int16, int32, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A controller makes itself known to the active one (KIP-919). */
export const controllerRegistrationRequest = request(
  { key: 70, versions: [0, 0], flexible: 0 },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
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
  },
)
export interface ControllerRegistrationRequest extends Message<typeof controllerRegistrationRequest> {}

/** An error code. */
export const controllerRegistrationResponse = response(
  { key: 70, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
  },
)
export interface ControllerRegistrationResponse extends Message<typeof controllerRegistrationResponse> {}
