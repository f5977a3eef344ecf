/** Starts a broker, uses it, stops it, and prints how long each step took and how long the process lived on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const [use] = process.argv.slice(2)
const importedAt = performance.now()
const { startBroker } = await import('odradek')
const importMs = Math.round(performance.now() - importedAt)

const data = use === 'a data directory' ? mkdtempSync(path.join(tmpdir(), 'odradek-embedded-')) : null
const startedAt = performance.now()
const broker = await startBroker(data === null ? {} : { data })
const startMs = Math.round(performance.now() - startedAt)

if (use === 'a client') {
  const { Kafka, logLevel } = await import('kafkajs')
  const producer = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: 'used', messages: [{ value: 'x' }] })
  await producer.disconnect()
}

const stoppingAt = performance.now()
await broker.stop()
const stoppedAt = performance.now()
if (data !== null) rmSync(data, { recursive: true })
// Handles close in the turn after the one that ends them.
await new Promise(resolve => setImmediate(resolve))
// Standard output and error, where they are pipes, belong to the process and not to the broker.
const openHandles = process.getActiveResourcesInfo().filter(name => name !== 'PipeWrap' && name !== 'TTYWrap')

process.once('exit', () => {
  const report = {
    importMs,
    startMs,
    stopMs: Math.round(stoppedAt - stoppingAt),
    openHandles,
    exitMs: Math.round(performance.now() - stoppedAt),
  }
  process.stdout.write(JSON.stringify(report))
})
