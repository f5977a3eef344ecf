import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionError, KafkaError } from '@odradek/client'
import { NetworkError, type NetworkErrorKind } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import { LeaderLife } from './leader-life.ts'

function broken(kind: NetworkErrorKind): ConnectionError {
  return new ConnectionError(kind, { cause: new NetworkError(kind, kind) })
}

test('a leader that answered a moment ago and refuses twice has ended, which is said once', () => {
  const life = new LeaderLife()
  life.answered(7)
  const verdicts = (['reset', 'refused', 'refused', 'refused'] as const).map(kind => life.failed(broken(kind), 7))
  assert.deepEqual(verdicts, ['ask soon', 'ask soon', 'ended', 'ask later'])
})

test('what is silent, unreachable or busy has not ended', () => {
  for (const kind of ['timeout', 'unreachable', 'reset'] as const) {
    const life = new LeaderLife()
    life.answered(7)
    const verdicts = Array.from({ length: 5 }, () => life.failed(broken(kind), 7))
    assert.deepEqual(verdicts, ['ask soon', 'ask soon', 'ask soon', 'ask later', 'ask later'])
  }
})

test('refusals count in a row', () => {
  const life = new LeaderLife()
  life.answered(7)
  const between = [broken('timeout'), new KafkaError(errorCodes.UNKNOWN_SERVER_ERROR)]
  for (const error of between) {
    assert.notEqual(life.failed(broken('refused'), 7), 'ended')
    assert.notEqual(life.failed(error, 7), 'ended')
  }
  assert.notEqual(life.failed(broken('refused'), 7), 'ended')
})

test('only who has answered in its present registration can be seen to end', () => {
  const life = new LeaderLife()
  assert.equal(life.failed(broken('refused'), 7), 'ask later')
  life.answered(7)
  for (const epoch of [8, 8, 8, null, null]) assert.equal(life.failed(broken('refused'), epoch), 'ask later')
  life.answered(8)
  life.failed(broken('refused'), 8)
  assert.equal(life.failed(broken('refused'), 8), 'ended')
})

test('an error that is no broken connection says nothing of life', () => {
  const life = new LeaderLife()
  life.answered(7)
  assert.equal(life.failed(new Error('a bug'), 7), 'ask later')
})
