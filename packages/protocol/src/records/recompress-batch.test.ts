import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressionTypes } from '../compression/compression-type.ts'
import { batchCompression, checkBatch } from './batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { recompressBatch } from './recompress-batch.ts'

test('a batch changes from any compression to any other and keeps all else', () => {
  const input = {
    records: Array.from({ length: 50 }, (_, index) => ({
      timestamp: 1000 + index,
      key: `k${index}`,
      value: 'v'.repeat(100),
    })),
    baseOffset: 77,
    producerId: 5,
    producerEpoch: 1,
    baseSequence: 9,
    isTransactional: true,
  }
  for (const from of compressionTypes) {
    const source = Buffer.concat([Buffer.alloc(3), encodeBatch({ ...input, compression: from }), Buffer.alloc(3)])
    for (const compression of compressionTypes) {
      const batch = recompressBatch(source, 3, { compression })
      assert.equal(checkBatch(batch), null)
      assert.equal(batchCompression(batch, 0), compression)
      assert.deepEqual(decodeRecords(batch), decodeRecords(encodeBatch(input)))
      assert.deepEqual(batch, encodeBatch({ ...input, compression }))
    }
  }
})
