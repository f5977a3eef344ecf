import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodePlatform } from '@odradek/platform/node'
import { fetchRequest, fetchResponse, metadataRequest, metadataResponse } from '@odradek/protocol'
import { BrokerConnection } from './broker-connection.ts'
import { ScriptedBroker } from './scripted-broker.ts'

/** A batch's header would not matter to a client that only carries the bytes. */
const records = (byte: number) => Buffer.alloc(300_000, byte)

const answerWith = (bytes: Buffer) => ({
  responses: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ partitionIndex: 0, records: bytes }] }],
})

test('an answer lies in the memory that its own request gave for it, and no other one does', async t => {
  const { network, clock } = createNodePlatform()
  let asked = 0
  const broker = new ScriptedBroker([
    { request: metadataRequest, response: metadataResponse, versions: [12, 12], answer: () => ({}) },
    { request: fetchRequest, response: fetchResponse, versions: [16, 16], answer: () => answerWith(records(++asked)) },
  ])
  const listening = await broker.listen(network, { host: '127.0.0.1', port: 0 })
  const options = { network, clock, clientId: 't', timeoutMs: 10_000 }
  t.after(() => listening.close())
  const connection = await BrokerConnection.open({ host: '127.0.0.1', port: listening.port }, options)
  t.after(() => connection.close())
  const memory = Buffer.alloc(1_000_000)
  const fetch = (lent?: Buffer) =>
    connection.send(
      fetchRequest,
      fetchResponse,
      {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 0,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [],
        forgottenTopicsData: [],
        rackId: '',
      },
      lent === undefined ? {} : { memory: byteLength => lent.subarray(0, byteLength) },
    )
  const answers = await Promise.all([fetch(), fetch(memory), fetch()])
  const got = answers.map(({ responses }) => responses[0]?.partitions[0]?.records ?? Buffer.alloc(0))
  assert.deepEqual(
    got.map(bytes => [bytes.length, bytes[0], bytes.at(-1), bytes.buffer === memory.buffer]),
    [
      [300_000, 1, 1, false],
      [300_000, 2, 2, true],
      [300_000, 3, 3, false],
    ],
  )
})
