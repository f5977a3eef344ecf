import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { startTestLogs } from '../../log/testing/test-logs.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import type { RequestContext } from '../api-handler.ts'
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch.ts'

test('an epoch that ended before the log begins has ended where it begins', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 200 } })
  const log = logs.create('t')
  for (const leaderEpoch of [0, 0, 2, 2, 2, 3]) {
    await log.append(encodeBatch({ records: [{ timestamp: 1, value: 'v' }] }), { leaderEpoch, origin: 'client' })
  }
  log.deleteRecords(4)
  // The one partition that there is, whatever its name.
  const partitions = { get: () => ({ log, checkLeaderEpoch: () => errorCodes.NONE }) } as unknown as PartitionRegistry
  const handler = offsetForLeaderEpochHandler({ partitions })
  const ask = async (leaderEpoch: number) => {
    const topics = [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] }]
    const answer = await handler.handle({ replicaId: -1, topics }, {} as RequestContext)
    return (answer as { topics: { partitions: object[] }[] }).topics[0]?.partitions[0]
  }
  const found = (leaderEpoch: number, endOffset: number) => ({ partition: 0, errorCode: 0, leaderEpoch, endOffset })
  assert.deepEqual(await ask(0), found(0, 4))
  assert.deepEqual(await ask(2), found(2, 5))
  assert.deepEqual(await ask(3), found(3, 6))
  assert.deepEqual(await ask(4), found(-1, -1))
})
