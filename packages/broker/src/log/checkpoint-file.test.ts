import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatLeaderEpochs,
  formatOffsetCheckpoint,
  parseLeaderEpochs,
  parseOffsetCheckpoint,
} from './checkpoint-file.ts'
import { formatPartitionMetadata, parsePartitionMetadata } from './partition-metadata.ts'

test("offset checkpoints have Kafka's form", () => {
  const text = formatOffsetCheckpoint([
    { topic: 'a', partition: 0, offset: 5 },
    { topic: 'b-c', partition: 12, offset: 30_000_000_000 },
  ])
  assert.equal(text, '0\n2\na 0 5\nb-c 12 30000000000\n')
  assert.deepEqual(
    parseOffsetCheckpoint(text),
    new Map([
      ['a-0', 5],
      ['b-c-12', 30_000_000_000],
    ]),
  )
  assert.equal(formatOffsetCheckpoint([]), '0\n0\n')
})

test('a torn checkpoint is none', () => {
  for (const text of ['', '0\n2\na 0 5\n', '1\n0\n', '0\n1\na 0 x\n', '0\n1\na 0 5 6\n']) {
    assert.equal(parseOffsetCheckpoint(text), null, JSON.stringify(text))
  }
})

test('leader epochs go there and back', () => {
  const entries = [
    { epoch: 0, startOffset: 0 },
    { epoch: 3, startOffset: 17 },
  ]
  assert.equal(formatLeaderEpochs(entries), '0\n2\n0 0\n3 17\n')
  assert.deepEqual(parseLeaderEpochs('0\n2\n0 0\n3 17\n'), entries)
  assert.equal(parseLeaderEpochs('0\n2\n0 0\n'), null)
})

test('partition.metadata names the topic id', () => {
  assert.equal(formatPartitionMetadata('sH9Dbu8bTwyvWC5d3LMGzw'), 'version: 0\ntopic_id: sH9Dbu8bTwyvWC5d3LMGzw')
  assert.equal(parsePartitionMetadata('version: 0\ntopic_id: sH9Dbu8bTwyvWC5d3LMGzw\n'), 'sH9Dbu8bTwyvWC5d3LMGzw')
  assert.equal(parsePartitionMetadata('version: 0\ntopic_id: '), null)
})
