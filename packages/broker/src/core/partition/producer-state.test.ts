import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@odradek/protocol'
import { type EndMarker, type ProducerBatch, ProducerState } from './producer-state.ts'

const maxSequence = 0x7fffffff
const client = { checksSequence: true }
const coordinator = { checksSequence: false }

interface Given {
  readonly sequence?: number
  readonly count?: number
  readonly epoch?: number
  readonly offset?: number
  readonly timestamp?: number
  readonly producerId?: number
  readonly isTransactional?: boolean
  readonly marker?: EndMarker
}

function batch({
  sequence = 0,
  count = 1,
  epoch = 0,
  offset = 0,
  timestamp = 1000,
  producerId = 7,
  isTransactional = false,
  marker,
}: Given): ProducerBatch {
  return {
    producerId,
    producerEpoch: epoch,
    baseSequence: sequence,
    lastSequence: sequence < 0 ? -1 : (sequence + count - 1) & maxSequence,
    baseOffset: offset,
    lastOffset: offset + count - 1,
    maxTimestamp: timestamp,
    isTransactional: isTransactional || marker !== undefined,
    marker: marker ?? null,
  }
}

function stateAfter(...batches: Given[]): ProducerState {
  const state = new ProducerState()
  for (const given of batches) state.apply(batch(given))
  return state
}

function errorOf(state: ProducerState, given: Given, options = client): number {
  const decision = state.decide(batch(given), options)
  return decision.kind === 'refuse' ? decision.errorCode : errorCodes.NONE
}

test('a producer that is not known may begin with any sequence', () => {
  assert.equal(errorOf(new ProducerState(), { sequence: 41 }), errorCodes.NONE)
})

test('sequences follow on one another', () => {
  const state = stateAfter({ sequence: 0, count: 3 })
  assert.equal(errorOf(state, { sequence: 3 }), errorCodes.NONE)
  assert.equal(errorOf(state, { sequence: 4 }), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(errorOf(state, { sequence: 1, count: 1 }), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('sequences wrap from 2^31-1 to 0', () => {
  const full = stateAfter({ sequence: maxSequence - 1, count: 2 })
  assert.equal(errorOf(full, { sequence: 0 }), errorCodes.NONE)
  const wrapped = stateAfter({ sequence: maxSequence, count: 3, offset: 5 })
  assert.equal(errorOf(wrapped, { sequence: 2 }), errorCodes.NONE)
  const decision = wrapped.decide(batch({ sequence: maxSequence, count: 3, offset: 90 }), client)
  assert.equal(decision.kind, 'duplicate')
})

test('one of the last five batches is known again, with where it stands', () => {
  const state = stateAfter(
    ...[0, 1, 2, 3, 4, 5].map(n => ({ sequence: n * 2, count: 2, offset: 10 + n * 2, timestamp: n })),
  )
  const decision = state.decide(batch({ sequence: 2, count: 2, offset: 100 }), client)
  assert.deepEqual(decision, {
    kind: 'duplicate',
    batch: { lastSequence: 3, lastOffset: 13, offsetDelta: 1, timestamp: 1 },
  })
  assert.equal(errorOf(state, { sequence: 0, count: 2 }), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('an older epoch is fenced, a newer one begins at 0', () => {
  const state = stateAfter({ sequence: 5, epoch: 3 })
  assert.equal(errorOf(state, { sequence: 6, epoch: 2 }), errorCodes.INVALID_PRODUCER_EPOCH)
  assert.equal(errorOf(state, { sequence: 6, epoch: 4 }), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(errorOf(state, { sequence: 0, epoch: 4 }), errorCodes.NONE)
})

test('a new epoch forgets the batches of the old one', () => {
  const state = stateAfter({ sequence: 0, epoch: 0 }, { sequence: 0, epoch: 1, offset: 1 })
  assert.equal(errorOf(state, { sequence: 0, epoch: 0 }), errorCodes.INVALID_PRODUCER_EPOCH)
  assert.equal(state.decide(batch({ sequence: 0, epoch: 1 }), client).kind, 'duplicate')
})

test("a coordinator's batches have no sequence, but an epoch", () => {
  const state = stateAfter({ sequence: -1, epoch: 2 })
  assert.equal(errorOf(state, { sequence: -1, epoch: 2 }, coordinator), errorCodes.NONE)
  assert.equal(errorOf(state, { sequence: -1, epoch: 1 }, coordinator), errorCodes.INVALID_PRODUCER_EPOCH)
})

test('a transaction lasts from its first batch to its marker', () => {
  const state = stateAfter(
    { producerId: 1, sequence: 0, offset: 10, isTransactional: true },
    { producerId: 2, sequence: 0, offset: 11, isTransactional: true },
  )
  assert.equal(state.firstUnstableOffset, 10)
  assert.equal(errorOf(state, { producerId: 1, sequence: 1, offset: 12 }), errorCodes.INVALID_TXN_STATE)
  const ended = state.apply(
    batch({ producerId: 1, sequence: -1, offset: 12, marker: { isAbort: true, coordinatorEpoch: 4 } }),
  )
  assert.deepEqual(ended, { producerId: 1, firstOffset: 10, lastOffset: 12, isAborted: true, lastStableOffset: 11 })
  assert.equal(state.firstUnstableOffset, 11)
  assert.equal(
    errorOf(
      state,
      { producerId: 1, sequence: -1, offset: 13, marker: { isAbort: false, coordinatorEpoch: 3 } },
      coordinator,
    ),
    errorCodes.TRANSACTION_COORDINATOR_FENCED,
  )
})

test('a marker without a transaction ends nothing', () => {
  const state = new ProducerState()
  assert.equal(state.apply(batch({ sequence: -1, marker: { isAbort: false, coordinatorEpoch: 0 } })), null)
  assert.equal(state.firstUnstableOffset, -1)
})

test('a silent producer is forgotten unless its transaction is open', () => {
  const state = stateAfter(
    { producerId: 1, timestamp: 1000, offset: 0 },
    { producerId: 2, timestamp: 1000, offset: 1, isTransactional: true },
    { producerId: 3, timestamp: 5000, offset: 2 },
  )
  state.expire(6000, 4000)
  assert.deepEqual(
    Array.from(state.producers(), producer => producer.producerId),
    [2, 3],
  )
})

test('a state made of its own entries decides alike', () => {
  const state = stateAfter(
    { producerId: 1, sequence: 0, count: 4, offset: 0 },
    { producerId: 2, sequence: 0, offset: 4, isTransactional: true },
  )
  const copy = new ProducerState(state.endOffset, structuredClone([...state.producers()]))
  assert.equal(copy.firstUnstableOffset, 4)
  assert.equal(copy.endOffset, 5)
  assert.equal(errorOf(copy, { producerId: 1, sequence: 5 }), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(copy.decide(batch({ producerId: 1, sequence: 0, count: 4 }), client).kind, 'duplicate')
})
