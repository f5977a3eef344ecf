/** Several log directories: what belongs together, where new logs go, and what becomes of the others when one fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk } from '@odradek/platform'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { OdradekError } from '../odradek-error.ts'
import { brokerDirectory } from './broker-directories.ts'
import { BreakingDisk } from './testing/breaking-disk.ts'
import { startTestLogs, TestLogs } from './testing/test-logs.ts'
import { readTextFile, writeTextFile } from './text-file.ts'

const morePaths = ['/b', '/c']

function isOdradekError(code: string, pattern: RegExp): (error: unknown) => boolean {
  return error => error instanceof OdradekError && error.code === code && pattern.test(error.message)
}

function placesOf(logs: TestLogs): string[] {
  return [...logs.manager.logs()].map(log => log.directory).sort()
}

async function append(logs: TestLogs, topic: string): Promise<number> {
  const records = encodeBatch({ records: [{ timestamp: 1_700_000_000_000, value: topic }] })
  return (await logs.get(topic).append(records, { leaderEpoch: 0, origin: 'client' })).errorCode
}

function statesOf(logs: TestLogs): [path: string, isOnline: boolean][] {
  return logs.manager.directoryStates.map(({ path, offlineReason }) => [path, offlineReason === null])
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}

/** Three directories, with the logs a, b, c in /data, /b, /c. */
async function startThree(): Promise<{ logs: TestLogs; disk: BreakingDisk }> {
  const disk = new BreakingDisk(createMemoryDisk())
  const logs = await startTestLogs({ disk, morePaths })
  for (const topic of ['a', 'b', 'c']) logs.create(topic)
  assert.deepEqual(placesOf(logs), ['/b/b-0', '/c/c-0', '/data/a-0'])
  return { logs, disk }
}

test('a new log goes to the directory that has the fewest', async () => {
  const { logs } = await startThree()
  logs.create('d')
  logs.create('e')
  logs.manager.delete('a', 0)
  logs.create('f')
  assert.deepEqual(placesOf(logs), ['/b/b-0', '/b/e-0', '/c/c-0', '/data/d-0', '/data/f-0'])
})

test('each directory has its own id, checkpoints and marker of a clean stop', async () => {
  const { logs, disk } = await startThree()
  for (const topic of ['a', 'b', 'c']) await append(logs, topic)
  await logs.stop()
  const ids = ['/data', '/b', '/c'].map(path => {
    const properties = readTextFile(disk, `${path}/meta.properties`) ?? ''
    return /directory\.id=(\S+)/.exec(properties)?.[1]
  })
  assert.equal(new Set(ids).size, 3)
  const marker = JSON.stringify({ version: 0, brokerEpoch: -1, directories: ids })
  for (const [path, topic] of [
    ['/data', 'a'],
    ['/b', 'b'],
    ['/c', 'c'],
  ]) {
    assert.equal(readTextFile(disk, `${path}/.kafka_cleanshutdown`), marker)
    assert.equal(readTextFile(disk, `${path}/recovery-point-offset-checkpoint`), `0\n1\n${topic} 0 1\n`)
  }
  await logs.start()
  assert.equal(logs.manager.wasCleanShutdown, true)
  assert.deepEqual(placesOf(logs), ['/b/b-0', '/c/c-0', '/data/a-0'])
})

test('a directory that is new takes nothing from a clean stop, one that is missing does', async () => {
  const logs = await startTestLogs({})
  await logs.stop()
  logs.paths = ['/data', '/b']
  await logs.start()
  assert.equal(logs.manager.wasCleanShutdown, true)
  await logs.stop()
  logs.paths = ['/data']
  await logs.start()
  assert.equal(logs.manager.wasCleanShutdown, false)
  await logs.restart()
  assert.equal(logs.manager.wasCleanShutdown, true)
})

test('directories that do not belong together are refused before anything is written', async () => {
  const { logs, disk } = await startThree()
  await logs.stop()
  const start = (paths: string[]) => {
    logs.paths = paths
    return logs.start()
  }
  await assert.rejects(start(['/data', '/b', '/b']), isOdradekError('invalid-config', /\/b twice/))
  const properties = readTextFile(disk, '/b/meta.properties') ?? ''
  disk.makeDirectorySync('/d')
  writeTextFile(disk, '/d/meta.properties', properties)
  await assert.rejects(start(['/data', '/b', '/d']), isOdradekError('directory-twice', /\/b and \/d are one/))
  writeTextFile(disk, '/d/meta.properties', properties.replace(/cluster.id=.*/, 'cluster.id=other'))
  await assert.rejects(start(['/data', '/d']), isOdradekError('other-cluster', /\/d belongs to cluster other/))
  writeTextFile(disk, '/d/meta.properties', properties.replace('node.id=1', 'node.id=7'))
  await assert.rejects(start(['/data', '/d']), isOdradekError('other-node', /\/d belongs to node 7/))
  disk.removeSync('/d/meta.properties')
  writeTextFile(disk, '/d/cluster-metadata.jsonl', '')
  await assert.rejects(start(['/data', '/d']), isOdradekError('metadata-elsewhere', /name \/d first/))
  assert.deepEqual(disk.listSync('/d'), ['cluster-metadata.jsonl'])
  disk.makeDirectorySync('/b/a-0')
  await assert.rejects(start(['/data', '/b']), isOdradekError('partition-twice', /a-0 .* \/data and \/b/))
})

test('in a data directory there may be a copy of it, or a disk that it does not use any more', async () => {
  const disk = createMemoryDisk()
  const copy = await startTestLogs({ disk, path: '/data/copy-1' })
  await copy.stop()
  const refusal = /holds the data of another broker \(copy-1\)/
  await assert.rejects(new TestLogs({ disk }).start(), isOdradekError('several-brokers', refusal))
  disk.removeSync('/data/copy-1')
  const logs = await startTestLogs({ disk })
  logs.create('a')
  await logs.stop()
  await (await startTestLogs({ disk, path: '/data/copy-1' })).stop()
  await logs.start()
  assert.equal(logs.get('a').topic, 'a')
  assert.ok(disk.listSync('/data').includes('copy-1'))
  await logs.stop()
})

test('a directory that holds those of several brokers is the data directory of none', async () => {
  const disk = createMemoryDisk()
  const logs = new TestLogs({ disk })
  const brokers: TestLogs[] = []
  for (const rank of [1, 2]) {
    const broker = await startTestLogs({ disk, path: brokerDirectory('/data', rank) })
    broker.create('a')
    await broker.stop()
    brokers.push(broker)
  }
  const refusal =
    /\/data holds the data of several brokers \(broker-1, broker-2\): start it with --processes 2 or odradek dev --brokers 2/
  await assert.rejects(logs.start(), isOdradekError('several-brokers', refusal))
  assert.deepEqual(disk.listSync('/data'), ['broker-1', 'broker-2'])
  for (const broker of brokers) {
    await broker.start()
    assert.equal(broker.get('a').topic, 'a')
  }
  disk.removeSync('/data/broker-2')
  const single = /holds the data of another broker \(broker-1\): name \/data\/broker-1, or choose another directory/
  await assert.rejects(logs.start(), isOdradekError('several-brokers', single))
})

test("a broker's own directory that lies in another of them is no partition, whatever its name", async () => {
  const logs = await startTestLogs({ morePaths: ['/data/disk-2'] })
  logs.create('a')
  logs.create('b')
  await logs.restart()
  logs.manager.setAsideStrays(() => false)
  assert.ok(logs.disk.statSync('/data/disk-2/meta.properties') !== null)
  assert.throws(() => logs.create('disk', 2), isOdradekError('log-not-created', /\/data\/disk-2 is a data directory/))
})

test('what cannot be looked into is not taken for a broker', async () => {
  const { logs, disk } = await startThree()
  await logs.stop()
  disk.makeDirectorySync('/data/lost+found')
  disk.broken.add('/data/lost+found')
  await logs.start()
  assert.equal(await append(logs, 'a'), errorCodes.NONE)
})

test('a directory that fails takes its own partitions offline, and gets no new ones', async () => {
  const { logs, disk } = await startThree()
  logs.create('b', 1)
  logs.create('c', 1)
  logs.create('b', 2)
  assert.equal(logs.get('b', 2).directory, '/c/b-2')
  disk.broken.add('/c')
  assert.equal(await append(logs, 'c'), errorCodes.KAFKA_STORAGE_ERROR)
  await settle()
  assert.deepEqual(statesOf(logs), [
    ['/data', true],
    ['/b', true],
    ['/c', false],
  ])
  // Nobody has written to this one since: it is known to be lost all the same.
  assert.notEqual(logs.get('b', 2).offlineReason, null)
  assert.equal(await append(logs, 'a'), errorCodes.NONE)
  assert.equal(await append(logs, 'b'), errorCodes.NONE)
  for (const partition of [1, 2, 3, 4]) logs.create('d', partition)
  assert.deepEqual(
    placesOf(logs).filter(place => place.startsWith('/c/d')),
    [],
  )
  await logs.stop()
  disk.broken.clear()
  await logs.start()
  assert.equal(logs.manager.wasCleanShutdown, false)
  assert.equal(await append(logs, 'c'), errorCodes.NONE)
})

test('a file that cannot be read takes its own partition offline, and no other', async () => {
  const { logs, disk } = await startThree()
  logs.create('d')
  logs.create('e')
  assert.equal(logs.get('e').directory, '/b/e-0')
  disk.broken.add('/b/e-0')
  assert.equal(await append(logs, 'e'), errorCodes.KAFKA_STORAGE_ERROR)
  await settle()
  assert.deepEqual(statesOf(logs), [
    ['/data', true],
    ['/b', true],
    ['/c', true],
  ])
  assert.equal(await append(logs, 'b'), errorCodes.NONE)
})

test('a directory that a start cannot read is offline, and what may lie in it is not made anew', async () => {
  const { logs, disk } = await startThree()
  await logs.stop()
  for (const broken of ['/b', '/b/b-0']) {
    disk.broken.add(broken)
    await logs.start()
    assert.equal(logs.manager.wasCleanShutdown, false)
    assert.deepEqual(new Map(statesOf(logs)).get('/b'), false)
    assert.deepEqual(placesOf(logs), ['/c/c-0', '/data/a-0'])
    assert.throws(() => logs.create('b'), isOdradekError('log-not-created', /may lie in \/b/))
    logs.manager.setAsideStrays(() => true)
    assert.throws(() => logs.create('b'), isOdradekError('log-not-created', /may lie in \/b/))
    // What comes later cannot lie there.
    logs.create('new')
    logs.manager.delete('new', 0)
    logs.clock.advance(60_000)
    await logs.stop()
    disk.broken.clear()
  }
  await logs.start()
  assert.deepEqual(placesOf(logs), ['/b/b-0', '/c/c-0', '/data/a-0'])
})

test('without the first directory there is no start', async () => {
  const { logs, disk } = await startThree()
  await logs.stop()
  disk.broken.add('/data/a-0')
  await assert.rejects(logs.start(), isOdradekError('logs-unusable', /\/data/))
})
