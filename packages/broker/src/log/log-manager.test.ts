import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk, type Disk, DiskError } from '@odradek/platform'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { DataDirectory } from './data-directory.ts'
import { defaultLogManagerConfig } from './log-manager-config.ts'
import { startTestLogs, type TestLogs, testTopicId } from './testing/test-logs.ts'
import { readTextFile, writeTextFile } from './text-file.ts'

const client = { leaderEpoch: 0, origin: 'client' } as const

function openDirectory(
  disk: Disk,
  { nodeId = 1, clusterId }: { nodeId?: number; clusterId?: string } = {},
): DataDirectory {
  const random = { integer: () => 0, bytes: (length: number) => Buffer.alloc(length, 0x5a) }
  const given = clusterId === undefined ? {} : { clusterId }
  return DataDirectory.open({ disk, random, logger: silentLogger, path: '/data', nodeId, ...given })
}

async function append(logs: TestLogs, topic: string, value = 'v'): Promise<void> {
  const result = await logs
    .get(topic)
    .append(encodeBatch({ records: [{ timestamp: logs.clock.now(), value }] }), client)
  assert.equal(result.errorCode, errorCodes.NONE)
}

function isOdradekError(code: string, pattern: RegExp): (error: unknown) => boolean {
  return error => error instanceof OdradekError && error.code === code && pattern.test(error.message)
}

test('a data directory remembers its cluster, node and own id', () => {
  const disk = createMemoryDisk()
  const first = openDirectory(disk, { clusterId: '7XlWfQ0fS8uDKdQpY6b3bw' })
  first.release()
  const second = openDirectory(disk)
  assert.equal(second.clusterId, '7XlWfQ0fS8uDKdQpY6b3bw')
  assert.equal(second.directoryId, first.directoryId)
  assert.match(
    readTextFile(disk, '/data/meta.properties') ?? '',
    /^version=1\ncluster\.id=7XlWfQ0fS8uDKdQpY6b3bw\nnode\.id=1\n/,
  )
})

test("Kafka's own meta.properties is understood", () => {
  const disk = createMemoryDisk()
  disk.makeDirectorySync('/data')
  const text =
    '#\n#Mon Nov 23 10:12:16 UTC 2026\nnode.id=4\ndirectory.id=NnpERglpXPXEAVCNtKQlDQ\nversion=1\ncluster.id=abc\n'
  writeTextFile(disk, '/data/meta.properties', text)
  assert.equal(openDirectory(disk, { nodeId: 4 }).directoryId, 'NnpERglpXPXEAVCNtKQlDQ')
})

test('a directory of another cluster or node, a locked and a broken one are refused with advice', () => {
  const disk = createMemoryDisk()
  const held = openDirectory(disk, { clusterId: 'one' })
  assert.throws(() => openDirectory(disk), isOdradekError('data-directory-locked', /log\.dirs/))
  held.release()
  assert.throws(
    () => openDirectory(disk, { clusterId: 'two' }),
    isOdradekError('other-cluster', /cluster one, not to two/),
  )
  assert.throws(() => openDirectory(disk, { nodeId: 2 }), isOdradekError('other-node', /node\.id=1/))
  writeTextFile(disk, '/data/meta.properties', 'version=0\n')
  assert.throws(() => openDirectory(disk), isOdradekError('meta-properties-broken', /restore/))
  // Each failed attempt gave the lock back.
  disk.removeSync('/data/meta.properties')
  openDirectory(disk)
})

test('a clean stop leaves marker and checkpoints, and a start takes the marker away', async () => {
  const logs = await startTestLogs()
  logs.create('a')
  await append(logs, 'a')
  await logs.stop()
  assert.equal(readTextFile(logs.disk, '/data/.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":-1}')
  assert.equal(readTextFile(logs.disk, '/data/recovery-point-offset-checkpoint'), '0\n1\na 0 1\n')
  assert.equal(readTextFile(logs.disk, '/data/replication-offset-checkpoint'), '0\n1\na 0 1\n')
  assert.equal(readTextFile(logs.disk, '/data/log-start-offset-checkpoint'), '0\n0\n')
  await logs.start()
  assert.equal(logs.manager.wasCleanShutdown, true)
  assert.equal(logs.disk.statSync('/data/.kafka_cleanshutdown'), null)
})

test('the marker of a clean stop is gone for good before a start is done, so that no power loss brings it back', async () => {
  const memory = createMemoryDisk()
  const calls: string[] = []
  const disk: Disk = {
    ...bound(memory),
    removeSync(path) {
      calls.push(`remove ${path}`)
      memory.removeSync(path)
    },
    async syncDirectory(path) {
      calls.push(`sync ${path}`)
      await memory.syncDirectory(path)
    },
  }
  const logs = await startTestLogs({ disk })
  await logs.stop()
  calls.length = 0
  await logs.start()
  assert.deepEqual(calls, ['remove /data/.kafka_cleanshutdown', 'sync /data'])
})

test('a start after a clean stop reads no batches, only headers behind the last index entry', async () => {
  const memory = createMemoryDisk()
  let readBytes = 0
  const disk: Disk = {
    ...bound(memory),
    openSync(path, options) {
      const file = memory.openSync(path, options)
      if (!path.endsWith('.log')) return file
      const counted = bound(file)
      return Object.defineProperties(counted, {
        size: { get: () => file.size },
        readSync: {
          value: (target: Uint8Array, position: number) => {
            readBytes += target.length
            return file.readSync(target, position)
          },
        },
      })
    },
  }
  const logs = await startTestLogs({ disk })
  logs.create('a')
  for (let n = 0; n < 200; n++) await append(logs, 'a', 'x'.repeat(1000))
  await logs.restart()
  assert.equal(logs.get('a').logEndOffset, 200)
  assert.ok(readBytes < 20_000, `${readBytes} bytes read`)
})

test('the timer of retention lets others have their turn between two logs', async () => {
  const logs = await startTestLogs({ config: { retentionMs: 1000 } })
  const names = ['a', 'b', 'c']
  for (const name of names) {
    logs.create(name)
    await append(logs, name)
  }
  logs.clock.advance(defaultLogManagerConfig.initialTaskDelayMs)
  const deleted = () => names.filter(name => logs.get(name).logStartOffset === 1).length
  assert.equal(deleted(), 1)
  for (let n = 2; n <= 3; n++) {
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(deleted(), n)
  }
})

test('a deleted partition leaves at once by name, and from the disk after its delay', async () => {
  const logs = await startTestLogs({ config: { fileDeleteDelayMs: 60_000 } })
  const log = logs.create('gone')
  await append(logs, 'gone')
  logs.manager.delete('gone', 0)
  assert.equal(logs.manager.get('gone', 0), undefined)
  const answer = await log.append(encodeBatch({ records: [{ timestamp: 1, value: 'late' }] }), client)
  assert.equal(answer.errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  const renamed = logs.disk.listSync('/data').filter(name => name.startsWith('gone'))
  assert.match(renamed.join(), /^gone-0\.[0-9a-f]{32}-delete$/)
  logs.create('gone')
  await append(logs, 'gone')
  assert.equal(logs.get('gone').logEndOffset, 1)
  logs.clock.advance(60_000)
  assert.deepEqual(
    logs.disk.listSync('/data').filter(name => name.startsWith('gone')),
    ['gone-0'],
  )
})

test('what was to be deleted goes at the next start', async () => {
  const logs = await startTestLogs()
  logs.create('gone')
  logs.manager.delete('gone', 0)
  await logs.restart()
  logs.clock.advance(1)
  assert.deepEqual(
    logs.disk.listSync('/data').filter(name => name.startsWith('gone')),
    [],
  )
})

test('a partition comes back with its topic id, and a namesake with another one is set aside', async () => {
  const logs = await startTestLogs()
  logs.create('t')
  await append(logs, 't')
  await logs.restart()
  const same = logs.create('t')
  assert.equal(same.logEndOffset, 1)
  const other = logs.manager.create({
    topic: 't',
    partition: 0,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    config: logs.config,
  })
  assert.equal(other.logEndOffset, 0)
  assert.equal(other.topicId, 'AAAAAAAAAAAAAAAAAAAAAQ')
  assert.match(strays(logs), /^t-0\.[0-9a-f]{32}-stray$/)
})

test("a log that has lost the id of its topic is nobody's, unless it is empty", async () => {
  for (const records of [0, 1]) {
    for (const lost of ['emptied', 'gone'] as const) {
      const logs = await startTestLogs()
      logs.create('t')
      for (let n = 0; n < records; n++) await append(logs, 't')
      if (lost === 'gone') logs.disk.removeSync('/data/t-0/partition.metadata')
      else logs.disk.openSync('/data/t-0/partition.metadata').truncateSync(0)
      await logs.crash()
      const found = logs.create('t')
      assert.equal(found.logEndOffset, 0)
      assert.equal(found.topicId, testTopicId)
      assert.match(strays(logs), records === 0 ? /^$/ : /^t-0\.[0-9a-f]{32}-stray$/)
    }
  }
})

test("a log of Kafka's oldest brokers, which have no topic ids, is given one", async () => {
  const logs = await startTestLogs()
  logs.create('t')
  await append(logs, 't')
  await logs.stop()
  logs.disk.removeSync('/data/t-0/partition.metadata')
  await logs.start()
  assert.equal(logs.create('t').logEndOffset, 1)
  assert.match(readTextFile(logs.disk, '/data/t-0/partition.metadata') ?? '', new RegExp(testTopicId))
})

test('a partition that the cluster does not know is set aside, with all that it has', async () => {
  const logs = await startTestLogs()
  for (const topic of ['known', 'stray']) {
    logs.create(topic)
    await append(logs, topic)
  }
  await logs.restart()
  logs.manager.setAsideStrays(log => log.topic === 'known')
  assert.equal(logs.manager.get('stray', 0), undefined)
  assert.match(strays(logs), /^stray-0\.[0-9a-f]{32}-stray$/)
  await logs.restart()
  assert.deepEqual(
    [...logs.manager.logs()].map(log => log.topic),
    ['known'],
  )
  assert.ok((logs.disk.statSync(`/data/${strays(logs)}/00000000000000000000.log`)?.size ?? 0) > 0)
})

function strays(logs: TestLogs): string {
  return logs.disk
    .listSync('/data')
    .filter(name => name.endsWith('-stray'))
    .join()
}

test('a broken checkpoint costs a recovery, no data', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000 } })
  logs.create('t')
  for (let n = 0; n < 50; n++) await append(logs, 't', 'x'.repeat(200))
  await logs.manager.checkpoint()
  writeTextFile(logs.disk, '/data/recovery-point-offset-checkpoint', '0\n7\n')
  writeTextFile(logs.disk, '/data/t-0/leader-epoch-checkpoint', 'torn')
  await logs.crash()
  assert.equal(logs.get('t').logEndOffset, 50)
  assert.equal(logs.get('t').latestLeaderEpoch, 0)
})

test('a start vouches for nothing of a log that somebody has removed', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000 } })
  logs.create('t')
  for (let n = 0; n < 50; n++) await append(logs, 't', 'x'.repeat(200))
  await logs.get('t').flush()
  await logs.manager.checkpoint()
  const checkpoint = () => readTextFile(logs.disk, '/data/recovery-point-offset-checkpoint')
  assert.match(checkpoint() ?? '', /^t 0 4\d$/m)
  logs.disk.removeSync('/data/t-0')
  await logs.crash()
  assert.equal(checkpoint(), '0\n0\n')
})

test('the log start offset is checkpointed where it lies within a segment', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  for (let n = 0; n < 10; n++) await append(logs, 't')
  assert.equal(log.deleteRecords(4), errorCodes.NONE)
  await logs.restart()
  assert.equal(readTextFile(logs.disk, '/data/log-start-offset-checkpoint'), '0\n1\nt 0 4\n')
  assert.equal(logs.get('t').logStartOffset, 4)
})

test('what the checkpoints say of a log that is gone is not said of the next one of its name', async () => {
  for (const end of ['deleted', 'set aside'] as const) {
    for (const then of ['killed', 'killed after a checkpoint', 'stopped'] as const) {
      const logs = await startTestLogs()
      const create = (topicId: string) =>
        logs.manager.create({ topic: 't', partition: 0, topicId, config: logs.config })
      const old = create('T2xkT2ZUaGVUZXN0MTIzNA')
      for (let n = 0; n < 10; n++) await append(logs, 't')
      old.deleteRecords(4)
      await logs.manager.checkpoint()
      if (end === 'deleted') logs.manager.delete('t', 0)
      create(testTopicId)
      for (let n = 0; n < 6; n++) await append(logs, 't')
      if (then === 'killed after a checkpoint') {
        logs.get('t').deleteRecords(2)
        await logs.manager.checkpoint()
      }
      await (then === 'stopped' ? logs.restart() : logs.crash())
      const start = then === 'killed after a checkpoint' ? 2 : 0
      assert.deepEqual([logs.get('t').logStartOffset, logs.get('t').logEndOffset], [start, 6], `${end}, ${then}`)
      // It is listed from the next writing on.
      logs.get('t').deleteRecords(3)
      await logs.manager.checkpoint()
      await logs.crash()
      assert.equal(logs.get('t').logStartOffset, 3)
    }
  }
})

test('timers apply retention and write checkpoints', async () => {
  const logs = await startTestLogs({
    config: { segmentBytes: 1000, retentionBytes: 2000 },
    managerConfig: { initialTaskDelayMs: 10, retentionCheckIntervalMs: 100, recoveryPointCheckpointIntervalMs: 100 },
  })
  const log = logs.create('t')
  for (let n = 0; n < 40; n++) await append(logs, 't', 'x'.repeat(200))
  await log.flush()
  logs.clock.advance(200)
  assert.ok(log.logStartOffset > 0)
  await logs.manager.checkpoint()
  assert.equal(readTextFile(logs.disk, '/data/recovery-point-offset-checkpoint'), `0\n1\nt 0 ${log.recoveryPoint}\n`)
  assert.ok(log.recoveryPoint > 30)
})

test('a retry of a batch that retention has deleted is a duplicate until a restart, and out of order from then on', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 100, retentionMs: 1000 } })
  logs.create('t')
  const send = (baseSequence: number) => {
    const records = [{ timestamp: logs.clock.now(), value: `${baseSequence}` }]
    return logs.get('t').append(encodeBatch({ producerId: 1, producerEpoch: 0, baseSequence, records }), client)
  }
  assert.equal((await send(0)).baseOffset, 0)
  logs.clock.advance(2000)
  assert.equal((await send(1)).baseOffset, 1)
  logs.manager.runMaintenance()
  assert.equal(logs.get('t').logStartOffset, 1)
  assert.deepEqual([(await send(0)).errorCode, (await send(0)).baseOffset], [errorCodes.NONE, 0])
  await logs.restart()
  assert.equal((await send(0)).errorCode, errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal((await send(1)).baseOffset, 1)
  assert.equal((await send(2)).baseOffset, 2)
})

test('a disk that fails at start is an operating error', async () => {
  const memory = createMemoryDisk()
  const logs = await startTestLogs({ disk: memory })
  logs.create('t')
  await logs.stop()
  const broken: Disk = {
    ...bound(memory),
    listSync(path) {
      if (path.endsWith('t-0')) throw new DiskError('io', path, `${path}: broken`)
      return memory.listSync(path)
    },
  }
  await assert.rejects(startTestLogs({ disk: broken }), isOdradekError('logs-unusable', /broken/))
})

/** The object's methods as own properties, so that some can be replaced. */
function bound<T extends object>(target: T): T {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(target))
  const copy: Record<string, unknown> = {}
  for (const name of methods) {
    const value = Reflect.get(target, name)
    if (typeof value === 'function' && name !== 'constructor') copy[name] = value.bind(target)
  }
  return copy as T
}
