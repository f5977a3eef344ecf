import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OfflineReplica } from '../core/cluster/failover.ts'
import { MetadataStoreError } from '../metadata/metadata-store.ts'
import { OfflineReplicas } from './offline-replicas.ts'

test('a replica is asked for once at a time, and again when that is settled or the store has failed', async () => {
  const asked: number[][] = []
  let answer = Promise.withResolvers<void>()
  const offline = new OfflineReplicas({
    giveUpReplicas: (replicas: readonly OfflineReplica[]) => {
      asked.push(replicas.map(({ index }) => index))
      return answer.promise
    },
  })
  const settled = () => new Promise(resolve => setImmediate(resolve))
  const giveUp = () => {
    for (const index of [0, 1, 2]) offline.giveUp({ topicId: 'T', index, leaderEpoch: 4 })
    offline.giveUp({ topicId: 'T', index: 1, leaderEpoch: 4, successor: 2 })
    return asked.splice(0)
  }
  assert.deepEqual(giveUp(), [[0]])
  const failed = answer
  answer = Promise.withResolvers()
  failed.reject(new MetadataStoreError('no store'))
  await settled()
  assert.deepEqual(asked.splice(0), [[1, 2]])
  assert.deepEqual(giveUp(), [], 'the first waits, the others are under way')
  answer.resolve()
  await settled()
  assert.deepEqual(asked.splice(0), [[0]])
  assert.deepEqual(giveUp(), [[0]])
})
