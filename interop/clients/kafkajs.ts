/** kafkajs. gzip is built in; the other codecs are plugged in, as its documentation shows. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { type Consumer, type Producer } from 'kafkajs'
import snappyCodec from 'kafkajs-snappy'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { type ClientDriver, type Codec, runDriver } from './driver.ts'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.Snappy] = snappyCodec
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compressFrame(buffer),
  decompress: (bytes: Buffer) => decompressFrame(bytes),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (bytes: Buffer) => zstdDecompressSync(bytes),
})

const compressionOf: Record<Codec, kafkajs.CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

function create(bootstrap: string): ClientDriver {
  const kafka = new Kafka({
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 50 },
  })
  let producer: Producer | undefined
  let consumer: Consumer | undefined
  return {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    async produce({ topic, codec }, messages) {
      if (producer === undefined) {
        producer = kafka.producer()
        await producer.connect()
      }
      await producer.send({ topic, acks: -1, compression: compressionOf[codec], messages: [...messages] })
    },
    async consume({ topic, group }, onRecord) {
      consumer = kafka.consumer({
        groupId: group,
        heartbeatInterval: 300,
        sessionTimeout: 6_000,
        maxWaitTimeInMs: 200,
      })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommitInterval: 200,
        eachMessage: async ({ partition, message }) => onRecord(partition, message.value?.toString() ?? ''),
      })
    },
    async leave() {
      await consumer?.disconnect()
      consumer = undefined
    },
    async close() {
      await consumer?.disconnect()
      await producer?.disconnect()
    },
  }
}

await runDriver(create)
