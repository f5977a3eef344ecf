import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteQuota } from './byte-quota.ts'

test('a quota is exceeded while more was copied than its rate allows, which may change meanwhile', () => {
  let bytesPerSecondMax = 1000
  const quota = new ByteQuota({ samples: 11, sampleMs: 1000, bytesPerSecondMax: () => bytesPerSecondMax })
  assert.equal(quota.bytesAtOnce, 1000)
  quota.record(1000, 0)
  assert.ok(!quota.isExceeded(0))
  quota.record(1000, 0)
  assert.ok(quota.isExceeded(1999))
  assert.ok(!quota.isExceeded(2000))
  bytesPerSecondMax = 100
  assert.ok(quota.isExceeded(2000))
  assert.equal(quota.bytesAtOnce, 100)
  bytesPerSecondMax = 0
  assert.equal(quota.bytesAtOnce, 1)
})
