import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registrationEpoch } from './cluster-image.ts'
import { decideFenceBroker } from './fence-broker.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'

test('a broker whose process has ended is fenced, and is the controller no longer', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }], [{ kind: 'controller', value: { brokerId: 1 } }])
  const epoch = registrationEpoch(image, 1) ?? assert.fail()
  const after = withChanges(image, decideFenceBroker(image, { brokerId: 1, epoch }).changes)
  assert.equal(registrationEpoch(after, 1), null)
  assert.notEqual(registrationEpoch(after, 2), null)
  assert.equal(after.controllerId, -1)
  assert.deepEqual(decideFenceBroker(after, { brokerId: 1, epoch }).changes, [])
})

test('the controller stays when it is not the one', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }], [{ kind: 'controller', value: { brokerId: 2 } }])
  const epoch = registrationEpoch(image, 1) ?? assert.fail()
  const after = withChanges(image, decideFenceBroker(image, { brokerId: 1, epoch }).changes)
  assert.equal(after.controllerId, 2)
})

test('a broker that registered anew, or that leaves in any case, is left alone', () => {
  const leaving = { rack: null, endpoints: [], inControlledShutdown: true }
  const image = clusterOf([{ id: 1 }], [{ kind: 'broker', brokerId: 2, value: leaving }])
  const [first, second] = [1, 2].map(id => registrationEpoch(image, id) ?? assert.fail())
  assert.deepEqual(decideFenceBroker(image, { brokerId: 1, epoch: (first ?? 0) - 1 }).changes, [])
  assert.deepEqual(decideFenceBroker(image, { brokerId: 2, epoch: second ?? 0 }).changes, [])
})
