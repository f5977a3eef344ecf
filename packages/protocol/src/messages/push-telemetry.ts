import { bool, bytes, int8, int16, int32, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A client sends its metrics, in OTLP (KIP-714). */
export const pushTelemetryRequest = request(
  { key: 72, versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
)
export interface PushTelemetryRequest extends Message<typeof pushTelemetryRequest> {}

/** An error code. */
export const pushTelemetryResponse = response(
  { key: 72, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
)
export interface PushTelemetryResponse extends Message<typeof pushTelemetryResponse> {}
