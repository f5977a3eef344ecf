import type { RequestContext } from '../api-handler.ts'

/** Of a client on the listener PLAINTEXT that reached the broker at 10.0.0.1:9092, for tests of handlers. */
export function requestContext(apiVersion: number, more: Partial<RequestContext> = {}): RequestContext {
  return {
    apiVersion,
    clientId: 'test',
    clientHost: '10.0.0.9',
    connectionId: 1,
    local: { host: '10.0.0.1', port: 9092 },
    remote: { host: '10.0.0.9', port: 40000 },
    listenerName: 'PLAINTEXT',
    receivedAtMs: 0,
    releaseRequest() {},
    afterSent() {},
    whenClosed() {},
    nextTurn: () => null,
    ...more,
  }
}
