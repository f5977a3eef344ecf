/** Record batches between us and Kafka's Java client, both ways, in every codec and framing. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  type BatchInput,
  compressionTypes,
  encodeBatch,
  encodeEndTransactionBatch,
  encodeLeaderChangeBatch,
  recompressBatch,
  setBatchMaxTimestamp,
} from '@odradek/protocol'
import { describeBatch } from '../packages/protocol/src/records/fixtures/describe-batch.ts'
import { mustRun } from './command.ts'
import { kafkaClasspath, needJava, needJavaCompiler, toolJvmOptions } from './kafka-jars.ts'

const timestamp = 1_700_000_000_000
let directory: string

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'odradek-codecs-'))
})
after(() => rm(directory, { recursive: true }))

async function runCodecs(...args: string[]): Promise<string> {
  const [java] = await Promise.all([needJava(), needJavaCompiler()])
  const program = path.join(import.meta.dirname, 'java-codecs', 'Codecs.java')
  return mustRun(java, [...toolJvmOptions, '-cp', await kafkaClasspath(), program, ...args])
}

describe('codecs', () => {
  test('we read what Java writes', async () => {
    await runCodecs('write', directory)
    const names = (await readdir(directory)).filter(file => file.endsWith('.batch'))
    assert.ok(names.length >= 19)
    for (const name of names) {
      const expected = await readFile(path.join(directory, name.replace('.batch', '.jsonl')), 'utf8')
      assert.deepEqual(describeBatch(await readFile(path.join(directory, name))), JSON.parse(expected), name)
    }
  })

  test('Java reads what we write', async () => {
    const batches = ourBatches()
    const files = [...batches.keys()].map(name => path.join(directory, `our-${name}`))
    await Promise.all([...batches.values()].map((batch, index) => writeFile(files[index] ?? '', batch)))
    const lines = (await runCodecs('read', ...files)).trimEnd().split('\n')
    assert.equal(lines.length, batches.size)
    for (const [index, [name, batch]] of [...batches].entries()) {
      assert.deepEqual(JSON.parse(lines[index] ?? ''), describeBatch(batch), name)
    }
  })
})

function ourBatches(): Map<string, Buffer> {
  const batches = new Map<string, Buffer>()
  const place = { baseOffset: 2 ** 33, partitionLeaderEpoch: 4, producerId: 77, producerEpoch: 1, baseSequence: 5 }
  const odd: BatchInput = {
    ...place,
    records: [
      { timestamp, key: 'key', value: 'value' },
      { timestamp: timestamp + 2 ** 33, value: 'no key' },
      { timestamp: timestamp - 9, key: '', value: '' },
      { timestamp, key: 'Odradek ü 星', headers: [{ key: 'é', value: '1' }, { key: '' }, { key: 'é', value: '' }] },
    ],
  }
  const long: BatchInput = {
    ...place,
    isTransactional: true,
    records: [
      { timestamp, key: 'text', value: 'The cares of a family man. '.repeat(20_000) },
      { timestamp, key: 'noise', value: randomBytes(200_000) },
      ...Array.from({ length: 5000 }, (_, index) => ({
        timestamp: timestamp + index,
        key: `${index % 7}`,
        value: `line ${index}`,
      })),
    ],
  }
  for (const compression of compressionTypes) {
    batches.set(`odd-${compression}`, encodeBatch({ ...odd, compression }))
    batches.set(`long-${compression}`, encodeBatch({ ...long, compression }))
    batches.set(`recompressed-${compression}`, recompressBatch(encodeBatch(long), 0, { compression }))
  }
  for (const level of [1, 9])
    batches.set(`gzip-${level}`, encodeBatch({ ...long, compression: 'gzip', compressionLevel: level }))
  for (const level of [-131072, 1, 22]) {
    batches.set(`zstd-${level}`, encodeBatch({ ...long, compression: 'zstd', compressionLevel: level }))
  }
  const stamped = encodeBatch({ ...odd, compression: 'snappy' })
  setBatchMaxTimestamp(stamped, 0, { timestampType: 'LogAppendTime', maxTimestamp: timestamp + 5000 })
  batches.set('stamped', stamped)
  for (const type of ['COMMIT', 'ABORT'] as const) {
    const end = { type, coordinatorEpoch: 3, producerId: 77, producerEpoch: 1, timestamp }
    batches.set(type, encodeEndTransactionBatch(end))
  }
  const message = { leaderId: 1, voters: [{ voterId: 1 }], grantingVoters: [{ voterId: 1 }] }
  batches.set('leader-change', encodeLeaderChangeBatch({ message, timestamp, partitionLeaderEpoch: 6 }))
  return batches
}
