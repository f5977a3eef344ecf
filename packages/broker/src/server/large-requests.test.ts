import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import {
  batchBytes,
  checkBatch,
  decodeRecords,
  encodeBatch,
  errorCodes,
  fetchRequest,
  fetchResponse,
  iterateBatches,
  produceRequest,
} from '@odradek/protocol'
import { createTopic, testBroker, testClient } from './testing/test-broker.ts'
import { encodeRequest, type TestClient } from './testing/test-client.ts'

const partitions = 3
const batchesEach = 60

/** A batch whose every record says who wrote it and when, of 40 KB to a megabyte: on both sides of every limit there is. */
function batchOf(producer: number, sequence: number): Buffer {
  const count = 1 + ((producer + sequence) % 4)
  const filler = `${producer}/${sequence};`.repeat(10_000 + ((sequence * 7919) % 30_000))
  const records = Array.from({ length: count }, (_, i) => ({
    timestamp: sequence,
    key: Buffer.from(`${producer}/${sequence}/${i}`),
    value: Buffer.from(filler.slice(0, 40_000 + ((sequence * 104_729) % 200_000))),
  }))
  return encodeBatch({ records, compression: 'none' })
}

async function produceAll(client: TestClient, producer: number): Promise<void> {
  const inFlight: Promise<void>[] = []
  for (let sequence = 0; sequence < batchesEach; sequence++) {
    const partitionData = [{ index: sequence % partitions, records: batchOf(producer, sequence) }]
    const body = { acks: -1, timeoutMs: 5000, topicData: [{ name: 'topic', partitionData }] }
    client.writeBytes(encodeRequest(produceRequest, body, { version: 7, correlationId: sequence }))
    inFlight.push(
      client.nextFrame().then(frame => {
        assert.equal(frame?.readInt32BE(0), sequence)
        assert.equal(frame?.readInt16BE(4 + 4 + 7 + 4 + 4), errorCodes.NONE)
      }),
    )
    if (inFlight.length >= 5) await inFlight.shift()
  }
  await Promise.all(inFlight)
}

/** All records of a partition by their keys, until there are so many. */
async function consume(client: TestClient, partition: number, batches: number): Promise<string[]> {
  const keys: string[] = []
  let fetchOffset = 0
  for (let seen = 0; seen < batches; ) {
    const asked = { partition, fetchOffset, partitionMaxBytes: 1_048_576 }
    const body = {
      maxWaitMs: 1000,
      minBytes: 1,
      maxBytes: 50_000_000,
      topics: [{ topic: 'topic', partitions: [asked] }],
    }
    const { responses } = await client.send(fetchRequest, fetchResponse, body, { version: 11 })
    const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)
    for (const at of iterateBatches(records)) {
      assert.equal(checkBatch(records, at, at + batchBytes(records, at)), null)
      for (const { key, value, offset } of decodeRecords(records, at)) {
        const [producer, sequence] = (key?.toString() ?? '').split('/')
        assert.ok(value?.toString('latin1').startsWith(`${producer}/${sequence};${producer}/${sequence};`))
        keys.push(key?.toString() ?? '')
        fetchOffset = offset + 1
      }
      seen++
    }
  }
  return keys
}

for (const kind of ['memory', 'disk'] as const) {
  test(`large batches of several producers reach readers unharmed while their memory is used again (${kind})`, async t => {
    const data = kind === 'disk' ? mkdtempSync(`${tmpdir()}/odradek-large-`) : undefined
    if (data !== undefined) t.after(() => rmSync(data, { recursive: true, force: true }))
    const broker = await testBroker(t, data === undefined ? {} : { data })
    await createTopic(await testClient(t, broker), 'topic', { partitions })
    const producers = [0, 1, 2]
    const consuming = Array.from({ length: partitions }, async (_, partition) =>
      consume(await testClient(t, broker), partition, (producers.length * batchesEach) / partitions),
    )
    await Promise.all(producers.map(async producer => produceAll(await testClient(t, broker), producer)))
    const live = await Promise.all(consuming)
    for (const [partition, keys] of live.entries()) {
      for (const producer of producers) {
        const own = keys.filter(key => key.startsWith(`${producer}/`)).map(key => Number(key.split('/')[1]))
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        )
      }
      const batches = (producers.length * batchesEach) / partitions
      assert.deepEqual(await consume(await testClient(t, broker), partition, batches), keys)
    }
  })
}
