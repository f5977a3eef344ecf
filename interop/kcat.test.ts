/** 100,000 lines through kcat and back, byte for byte, with each codec. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { BrokerProcess } from './broker-process.ts'
import { mustRun, needProgram, runCommand } from './command.ts'
import { startTarget } from './target.ts'

const lineCount = 100_000
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const lines = makeLines()

let broker: BrokerProcess

before(async () => {
  await needProgram('kcat', 'kcat')
  broker = await startTarget()
})

after(() => broker?.stop())

for (const [codecNumber, codec] of codecs.entries()) {
  test(`kcat gets back what it sent with ${codec}`, async () => {
    const topic = `lines-${codec}`
    // The topic does not exist yet: sending to it creates it, with one partition, so that the order of lines is kept.
    await mustRun('kcat', ['-P', '-b', broker.bootstrap, '-t', topic, '-z', codec], { input: lines })
    const args = ['-C', '-b', broker.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q']
    const { status, stdout, stderr } = await runCommand('kcat', args)
    assert.equal(status, 0, stderr.toString())
    assert.equal(stdout.length, lines.length)
    assert.ok(stdout.equals(lines), 'the bytes differ')
    // librdkafka sends a batch plain when compressing does not make it smaller, as one of a single line.
    const found = await codecsOnDisk(topic)
    assert.ok(found.has(codecNumber), `no batch is compressed with ${codec}`)
    assert.ok(found.isSubsetOf(new Set([0, codecNumber])))
  })
}

/** Lines of all lengths up to a few hundred bytes, text in several scripts, none of them empty (kcat would skip those). */
function makeLines(): Buffer {
  const words = ['spool', 'star', 'Zwirn', 'kočka', 'нить', '糸巻き', '🧵', '"', '\\', '\t', '\u0001']
  const chunks: string[] = []
  let state = 20_240_611
  for (let number = 0; number < lineCount; number++) {
    let line = `${number}`
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    for (let word = state % 24; word > 0; word--) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      line += ` ${words[(state >>> 16) % words.length]}${state >>> 20}`
    }
    chunks.push(line)
  }
  return Buffer.from(`${chunks.join('\n')}\n`)
}

/** The codec numbers in the headers of all batches of the topic's first partition. */
async function codecsOnDisk(topic: string): Promise<ReadonlySet<number>> {
  const directory = path.join(broker.directory, 'data', `${topic}-0`)
  const found = new Set<number>()
  for (const name of await readdir(directory)) {
    if (!name.endsWith('.log')) continue
    const bytes = await readFile(path.join(directory, name))
    // A preallocated segment ends in zeros.
    for (let at = 0; at + 61 <= bytes.length && bytes.readInt32BE(at + 8) > 0; at += 12 + bytes.readInt32BE(at + 8)) {
      found.add(bytes.readInt16BE(at + 21) & 7)
    }
  }
  return found
}
