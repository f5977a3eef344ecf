/**
 * The files are Kafka's: its own tools read ours without a complaint, and a partition's directory moves from Kafka to
 * Odradek and back. Only the topic id in partition.metadata is set to the receiving cluster's, as whoever moves a topic
 * between clusters has to do.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { BrokerProcess } from './broker-process.ts'
import { mustRun, needProgram } from './command.ts'
import { runKafkaClass } from './kafka-jars.ts'
import { createOdradek } from './odradek.ts'
import { createRealKafka } from './real-kafka.ts'

const topic = 'moved'
const settings = { 'log.segment.bytes': '1048576', 'num.partitions': '1' }
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

let kafka: BrokerProcess
let odradek: BrokerProcess
/** All that was sent, in order. */
let lines: string[] = []

before(async () => {
  await needProgram('kcat', 'kcat')
  kafka = await createRealKafka({ settings })
  odradek = await createOdradek({ settings })
})

after(async () => {
  await kafka?.stop()
  await odradek?.stop()
})

test("a partition's directory that Kafka wrote serves under Odradek, and takes more", async () => {
  await kafka.start()
  await produceAll(kafka)
  assert.deepEqual(await consume(kafka), lines)
  await kafka.shutdown()

  await odradek.start()
  await mustRun('kcat', ['-P', '-b', odradek.bootstrap, '-t', topic], { input: 'makes the topic\n' })
  await odradek.shutdown()
  await move(kafka, odradek)
  await odradek.start()
  assert.deepEqual(await consume(odradek), lines)
  await produceAll(odradek)
  await odradek.kill()
  await odradek.start()
  assert.deepEqual(await consume(odradek), lines)
  await odradek.shutdown()
})

test("Kafka's dump-log finds nothing wrong with our segments, indexes and snapshots", async () => {
  const directory = partitionDirectory(odradek)
  const names = await readdir(directory)
  assert.ok(names.filter(name => name.endsWith('.log')).length > 2)
  const files = (suffix: string) => names.filter(name => name.endsWith(suffix)).map(name => path.join(directory, name))

  const log = await dump(['--deep-iteration', '--files', files('.log').join()])
  assert.equal(log.match(/^\| offset: /gm)?.length, lines.length)
  assert.doesNotMatch(log, /isvalid: false|invalid bytes|[Ee]xception/)

  const indexes = [...files('.index'), ...files('.timeindex')]
  const checked = await dump(['--index-sanity-check', '--files', indexes.join()])
  assert.equal(checked.match(/passed sanity check/g)?.length, indexes.length)
  // Without that option each entry is looked up in its segment; mismatches come at the end.
  const read = await dump(['--files', indexes.join()])
  assert.ok((read.match(/^offset: \d+ position: \d+$/gm)?.length ?? 0) > 20)
  assert.doesNotMatch(read, /[Mm]ismatch|[Oo]ut of order|not found|[Ee]xception/)

  const snapshots = await dump(['--files', files('.snapshot').join()])
  assert.match(snapshots, /producerId: \d+ producerEpoch: 0 coordinatorEpoch: -1 /)
  assert.doesNotMatch(snapshots, /[Ee]xception|[Cc]orrupt/)
})

test("a partition's directory that Odradek wrote serves under Kafka, and takes more", async () => {
  await move(odradek, kafka)
  await kafka.start()
  assert.deepEqual(await consume(kafka), lines)
  await produceAll(kafka)
  assert.deepEqual(await consume(kafka), lines)
  await kafka.shutdown()
  assert.doesNotMatch(kafka.output, /Corrupt|corrupt|Could not find offset index|IOException/)
})

/** About a megabyte by an idempotent producer for each codec. */
async function produceAll(broker: BrokerProcess): Promise<void> {
  for (const codec of codecs) {
    const sent = Array.from(
      { length: 3000 },
      (_, n) => `${lines.length + n} ${randomBytes(1 + (n % 200)).toString('hex')}`,
    )
    const args = ['-P', '-b', broker.bootstrap, '-t', topic, '-z', codec, '-X', 'enable.idempotence=true']
    await mustRun('kcat', [...args, '-X', 'batch.num.messages=50'], { input: `${sent.join('\n')}\n` })
    lines = [...lines, ...sent]
  }
}

async function consume(broker: BrokerProcess): Promise<string[]> {
  const args = ['-C', '-b', broker.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q']
  return (await mustRun('kcat', args)).split('\n').slice(0, -1)
}

/** Both are stopped. */
async function move(from: BrokerProcess, to: BrokerProcess): Promise<void> {
  const target = partitionDirectory(to)
  const metadata = await readFile(path.join(target, 'partition.metadata'), 'utf8')
  await rm(target, { recursive: true })
  await cp(partitionDirectory(from), target, { recursive: true })
  await writeFile(path.join(target, 'partition.metadata'), metadata)
}

function partitionDirectory(broker: BrokerProcess): string {
  return path.join(broker.directory, 'data', `${topic}-0`)
}

async function dump(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runKafkaClass('org.apache.kafka.tools.DumpLogSegments', args)
  assert.equal(status, 0, stderr.toString())
  return stdout.toString()
}
