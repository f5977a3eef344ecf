import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionsRequest, apiVersionsResponse, errorCodes, Reader } from '@odradek/protocol'
import { testBroker, testClient } from '../testing/test-broker.ts'

const software = { clientSoftwareName: 'odradek-test', clientSoftwareVersion: '1.0' }

test('every version lists the APIs that are served, by key', async t => {
  const client = await testClient(t, await testBroker(t))
  for (let version = 0; version <= 4; version++) {
    const answer = await client.send(apiVersionsRequest, apiVersionsResponse, software, { version })
    const keys = answer.apiKeys.map(({ apiKey }) => apiKey)
    assert.equal(answer.errorCode, errorCodes.NONE)
    assert.deepEqual(
      keys,
      keys.toSorted((a, b) => a - b),
    )
    assert.deepEqual(
      answer.apiKeys.filter(({ apiKey }) => apiKey <= 1),
      [
        { apiKey: 0, minVersion: 0, maxVersion: 13 },
        { apiKey: 1, minVersion: 4, maxVersion: 18 },
      ],
    )
  }
})

test('a version of the future is answered in version 0 with the versions of this API', async t => {
  const client = await testClient(t, await testBroker(t))
  for (const version of [5, 127, -1]) {
    const frame = Buffer.from('0000000d00120000000000070003616263', 'hex')
    frame.writeInt16BE(version, 6)
    client.writeBytes(frame)
    const answer = await client.nextFrame()
    assert.ok(answer !== null)
    const reader = new Reader(answer)
    assert.equal(reader.int32(), 7)
    const { errorCode, apiKeys } = apiVersionsResponse.decode(0, reader)
    assert.equal(errorCode, errorCodes.UNSUPPORTED_VERSION)
    assert.deepEqual(apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
  }
})

test('a client that does not say properly what software it is gets INVALID_REQUEST and an empty list', async t => {
  const client = await testClient(t, await testBroker(t))
  for (const clientSoftwareName of ['', 'a b', '-a', 'a-']) {
    const body = { ...software, clientSoftwareName }
    const answer = await client.send(apiVersionsRequest, apiVersionsResponse, body, { version: 3 })
    assert.equal(answer.errorCode, errorCodes.INVALID_REQUEST)
    assert.deepEqual(answer.apiKeys, [])
  }
})

test('clients of version 3, which cannot read a level 0, do not see features that may be off', async t => {
  const client = await testClient(t, await testBroker(t))
  const names = async (version: number) =>
    (await client.send(apiVersionsRequest, apiVersionsResponse, software, { version })).supportedFeatures.map(
      ({ name }) => name,
    )
  assert.deepEqual(await names(3), ['metadata.version'])
  assert.ok((await names(4)).includes('eligible.leader.replicas.version'))
})

test('an unknown API, and a version of another API that is not served, close the connection', async t => {
  const broker = await testBroker(t)
  for (const [apiKey, version] of [
    [999, 0],
    [-1, 0],
    [0, 2],
    [3, 99],
  ] as const) {
    const client = await testClient(t, broker)
    const frame = Buffer.from('0000000d00120000000000070003616263', 'hex')
    frame.writeInt16BE(apiKey, 4)
    frame.writeInt16BE(version, 6)
    client.writeBytes(frame)
    assert.equal(await client.nextFrame(), null)
  }
})
