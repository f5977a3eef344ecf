import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OdradekError } from '../odradek-error.ts'
import { type ListenerSettings, planListeners } from './listener-config.ts'

const kafkasMap = 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT'

function plan(settings: Partial<ListenerSettings>) {
  return planListeners({
    listeners: ['PLAINTEXT://:9092'],
    advertisedListeners: [],
    securityProtocolMap: kafkasMap,
    controllerListenerNames: [],
    ...settings,
  })
}

test('a listener without a host listens on all addresses and tells clients the address they came to', () => {
  assert.deepEqual(plan({}), [{ listenerName: 'PLAINTEXT', host: '0.0.0.0', port: 9092, advertised: null }])
})

test('several listeners keep their order, their names and what is advertised of each', () => {
  assert.deepEqual(
    plan({
      listeners: ['INTERNAL://[::1]:0', 'EXTERNAL://10.0.0.1:9093'],
      advertisedListeners: ['EXTERNAL://kafka.example:19093'],
      securityProtocolMap: 'INTERNAL:PLAINTEXT,EXTERNAL:plaintext',
    }),
    [
      { listenerName: 'INTERNAL', host: '::1', port: 0, advertised: null },
      { listenerName: 'EXTERNAL', host: '10.0.0.1', port: 9093, advertised: { host: 'kafka.example', port: 19093 } },
    ],
  )
})

test("a controller's listener is passed over", () => {
  const plans = plan({
    listeners: ['PLAINTEXT://localhost:9092', 'CONTROLLER://localhost:9093'],
    controllerListenerNames: ['CONTROLLER'],
  })
  assert.deepEqual(
    plans.map(({ listenerName }) => listenerName),
    ['PLAINTEXT'],
  )
})

const refused: [string, Partial<ListenerSettings>, RegExp][] = [
  ['TLS', { listeners: ['SSL://localhost:9092'] }, /SSL is not supported by Odradek yet/],
  ['an unknown listener name', { listeners: ['MINE://localhost:9092'] }, /does not say which protocol .* MINE/],
  ['no port', { listeners: ['PLAINTEXT://localhost'] }, /NAME:\/\/HOST:PORT/],
  ['a port out of range', { listeners: ['PLAINTEXT://localhost:99999'] }, /NAME:\/\/HOST:PORT/],
  ['a name used twice', { listeners: ['PLAINTEXT://a:1', 'PLAINTEXT://b:2'] }, /twice/],
  ['an advertised listener that is none', { advertisedListeners: ['SSL://a:1'] }, /no listener is called SSL/],
  ['an advertised wildcard', { advertisedListeners: ['PLAINTEXT://0.0.0.0:9092'] }, /cannot connect/],
  ['no listener at all', { listeners: [] }, /no address to listen on/],
]
for (const [what, settings, message] of refused) {
  test(`${what} is refused with a sentence`, () => {
    assert.throws(
      () => plan(settings),
      (error: unknown) =>
        error instanceof OdradekError && error.code === 'invalid-config' && message.test(error.message),
    )
  })
}
