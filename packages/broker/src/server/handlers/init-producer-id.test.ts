import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, type InitProducerIdRequest } from '@odradek/protocol'
import { requestContext } from '../testing/request-context.ts'
import { initProducerIdHandler } from './init-producer-id.ts'

async function init(request: Partial<InitProducerIdRequest>) {
  const handler = initProducerIdHandler({ producerIds: { next: async () => 1000 } })
  const full = {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
    enable2Pc: false,
    keepPreparedTxn: false,
    ...request,
  }
  const answer = await handler.handle(full, requestContext(5))
  return [errorName(answer?.errorCode ?? 0), answer?.producerId, answer?.producerEpoch]
}

test('an idempotent producer gets an id with epoch 0, also when it had one', async () => {
  assert.deepEqual(await init({}), ['NONE', 1000, 0])
  assert.deepEqual(await init({ producerId: 5, producerEpoch: 3 }), ['NONE', 1000, 0])
})

test('an id comes with an epoch', async () => {
  assert.deepEqual(await init({ producerId: 5 }), ['INVALID_REQUEST', -1, -1])
  assert.deepEqual(await init({ producerEpoch: 5 }), ['INVALID_REQUEST', -1, -1])
})

test('transactions are refused for good, so that their producers do not wait', async () => {
  assert.deepEqual(await init({ transactionalId: 't' }), ['INVALID_REQUEST', -1, -1])
  assert.deepEqual(await init({ transactionalId: '' }), ['INVALID_REQUEST', -1, -1])
})
