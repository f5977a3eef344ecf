/**
 * `kill -9` under load, round after round: idempotent producers write while the broker dies at random moments and comes
 * back on the same data. In the end nothing that was acknowledged is lost, nothing stands twice, and every partition has
 * each writer's messages in their order.
 *
 * `ODRADEK_INTEROP_ROUNDS` changes the number of rounds.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun, needProgram } from '../command.ts'
import { startTarget } from '../target.ts'
import { type Acknowledgement, buildWriter, Writer } from './writer.ts'

const rounds = Number(process.env.ODRADEK_INTEROP_ROUNDS ?? 20)
const partitions = 4
const topic = 'survivors'
const writerNames = ['one', 'two'] as const

test(`after ${rounds} times kill -9 every acknowledged record stands once and in order`, async context => {
  await needProgram('kcat', 'kcat')
  const program = await buildWriter()
  await using broker = await startTarget({ settings: { 'num.partitions': String(partitions) } })
  // Asking for the topic creates it, with its partitions.
  await mustRun('kcat', ['-P', '-b', broker.bootstrap, '-t', topic, '-p', '0'], { input: 'first\n' })
  const args = [broker.bootstrap, topic, String(partitions)]
  const writers = writerNames.map(name => new Writer(program, name, args))
  try {
    for (let round = 0; round < rounds; round++) {
      await sleep(randomInt(50, 1_200))
      await broker.kill()
      await broker.start()
    }
    const acknowledged = new Map<string, Acknowledgement[]>()
    for (const writer of writers) acknowledged.set(writer.name, await writer.finish())
    const stored = await readBack(broker.bootstrap)
    const total = check(stored, acknowledged)
    context.diagnostic(`${rounds} kills, ${total} records acknowledged, 0 lost, 0 twice, all in order`)
  } finally {
    for (const writer of writers) writer.destroy()
  }
})

interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly writer: string
  readonly number: number
}

async function readBack(bootstrap: string): Promise<StoredRecord[]> {
  const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %o %s\n']
  const output = await mustRun('kcat', args, { timeoutMs: 120_000 })
  return output
    .trimEnd()
    .split('\n')
    .filter(line => !line.endsWith(' first'))
    .map(line => {
      const [partition, offset, writer = '', number] = line.split(' ')
      return { partition: Number(partition), offset: Number(offset), writer, number: Number(number) }
    })
}

/** Returns how many records were acknowledged. */
function check(stored: readonly StoredRecord[], acknowledged: ReadonlyMap<string, readonly Acknowledgement[]>): number {
  let total = 0
  const byOwner = Map.groupBy(stored, ({ writer, partition }) => `${writer} ${partition}`)
  for (const [writer, acknowledgements] of acknowledged) {
    const byPartition = Map.groupBy(acknowledgements, ({ partition }) => partition)
    assert.equal(byPartition.size, partitions, `writer ${writer} reached all partitions`)
    for (const [partition, ofPartition] of byPartition) {
      const where = `writer ${writer}, partition ${partition}`
      const records = byOwner.get(`${writer} ${partition}`) ?? []
      // A writer's records are numbered from 0: any lost, doubled or misplaced one breaks the count.
      for (const [index, record] of records.entries()) {
        assert.equal(
          record.number,
          index,
          `${where}: record ${index} is number ${record.number} at offset ${record.offset}`,
        )
      }
      assert.ok(
        records.length >= ofPartition.length,
        `${where}: ${ofPartition.length} acknowledged, ${records.length} stored`,
      )
      for (const { number, offset } of ofPartition) {
        if (offset >= 0) assert.equal(records[number]?.offset, offset, `${where}: the offset of record ${number}`)
      }
      total += ofPartition.length
    }
  }
  return total
}
