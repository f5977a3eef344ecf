import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OfflineReplica } from '../core/cluster/failover.ts'
import { MetadataStoreError } from '../metadata/metadata-store.ts'
import { OfflineReplicas } from './offline-replicas.ts'

test('a replica is asked for once at a time, when the image is shown, and again when that is settled or the store has failed', async () => {
  const asked: number[][] = []
  let answer = Promise.withResolvers<void>()
  let shown = Promise.withResolvers<void>()
  const offline = new OfflineReplicas({
    controller: {
      giveUpReplicas: (replicas: readonly OfflineReplica[]) => {
        asked.push(replicas.map(({ index }) => index))
        return answer.promise
      },
    },
    whenShown: () => shown.promise,
  })
  const settled = async () => {
    await new Promise(resolve => setImmediate(resolve))
    return asked.splice(0)
  }
  const giveUp = (...indices: number[]) => {
    for (const index of indices) offline.giveUp({ topicId: 'T', index, leaderEpoch: 4 })
    return settled()
  }
  // However often, while the image that shows them is still being applied.
  assert.deepEqual(await giveUp(0, 1, 2), [])
  assert.deepEqual(await giveUp(0, 1, 2), [])
  shown.resolve()
  assert.deepEqual(await settled(), [[0, 1, 2]])
  assert.deepEqual(await giveUp(0, 1, 2, 3), [], 'the last waits, the others are under way')
  const failed = answer
  answer = Promise.withResolvers()
  failed.reject(new MetadataStoreError('no store'))
  assert.deepEqual(await settled(), [[3]])
  shown = Promise.withResolvers()
  assert.deepEqual(await giveUp(1), [])
  answer.resolve()
  assert.deepEqual(await settled(), [])
  shown.resolve()
  assert.deepEqual(await settled(), [[1]])
  assert.deepEqual(await giveUp(3), [[3]])
})
