import { array, int16, int32, int64, struct, uint32 } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/**
 * The producers of a partition, in its `.snapshot` file, behind an int16 version. The CRC-32C covers what follows its
 * field.
 */
export const producerSnapshot = data(
  { name: 'ProducerSnapshot', versions: [1, 1] },
  {
    crc: uint32(),
    producerEntries: array(
      struct({
        producerId: int64(),
        epoch: int16(),
        lastSequence: int32(),
        lastOffset: int64(),
        offsetDelta: int32(),
        timestamp: int64(),
        coordinatorEpoch: int32(),
        currentTxnFirstOffset: int64(),
      }),
    ),
  },
)
export interface ProducerSnapshot extends Message<typeof producerSnapshot> {}
