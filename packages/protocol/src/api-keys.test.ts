import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiKeys, apiName } from './api-keys.ts'
import { apiVersionsRequest, apiVersionsResponse, fetchRequest, fetchResponse, initProducerIdRequest } from './index.ts'
import { allSchemas } from './testing/golden.ts'

test('every API has a request and a response of its name, with the same versions', async () => {
  const schemas = await allSchemas()
  for (const [name, key] of Object.entries(apiKeys)) {
    const request = schemas.get(`${name}Request`)
    const response = schemas.get(`${name}Response`)
    assert.ok(request && response, name)
    assert.deepEqual([request.key, response.key, apiName(key)], [key, key, name])
    assert.deepEqual([request.versions, request.flexible], [response.versions, response.flexible], name)
  }
  assert.equal(apiName(999), 'Api999')
})

test('headers follow the flexibility of what they stand before, but those of ApiVersions responses', () => {
  assert.deepEqual(
    [11, 12].map(version => fetchRequest.headerVersion(version)),
    [1, 2],
  )
  assert.deepEqual(
    [11, 12].map(version => fetchResponse.headerVersion(version)),
    [0, 1],
  )
  assert.deepEqual(
    [2, 3, 99].map(version => apiVersionsRequest.headerVersion(version)),
    [1, 2, 2],
  )
  assert.deepEqual(
    [2, 3, 99].map(version => apiVersionsResponse.headerVersion(version)),
    [0, 0, 0],
  )
})

test('an unstable version can be read but is not among those that are served', () => {
  assert.deepEqual(initProducerIdRequest.versions, [0, 5])
  assert.ok(initProducerIdRequest.has(6))
})
