import { array, bool, int8, int16, int32, string, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A client asks which of its metrics the broker wants (KIP-714). */
export const getTelemetrySubscriptionsRequest = request(
  { key: 71, versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid(),
  },
)
export interface GetTelemetrySubscriptionsRequest extends Message<typeof getTelemetrySubscriptionsRequest> {}

/** Metrics, interval and encoding that are wanted. */
export const getTelemetrySubscriptionsResponse = response(
  { key: 71, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array(string()),
  },
)
export interface GetTelemetrySubscriptionsResponse extends Message<typeof getTelemetrySubscriptionsResponse> {}
