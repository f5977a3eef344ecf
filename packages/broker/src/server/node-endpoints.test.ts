import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import { emptyImage } from '../core/cluster/cluster-image.ts'
import { foldChanges } from '../core/cluster/fold-changes.ts'
import { nodeEndpointsOf } from './node-endpoints.ts'
import { requestContext } from './testing/request-context.ts'

const at = (kind: 'broker' | 'known-broker', brokerId: number, listenerName = 'PLAINTEXT'): ClusterChange => {
  const advertised = { host: `b${brokerId}`, port: 9092 }
  return {
    kind,
    brokerId,
    value: { rack: null, endpoints: [{ listenerName, securityProtocol: 'PLAINTEXT', advertised }] },
  }
}

test('nobody is sent to a broker that is down, has another listener only, or is not known', () => {
  const changes = [at('broker', 1), at('known-broker', 2), at('broker', 3, 'OTHER')]
  const image = foldChanges(emptyImage, { revision: 1, changes })
  const endpoints = nodeEndpointsOf(() => image)
  const context = requestContext(0)
  assert.deepEqual(endpoints([1, 2, 3, 4], context), [{ nodeId: 1, host: 'b1', port: 9092, rack: null }])
  const all = endpoints([1, 2, 3, 4], context, { includeFenced: true })
  assert.deepEqual(
    all.map(({ nodeId }) => nodeId),
    [1, 2],
  )
})
