/** A judge that never convicts proves nothing: each kind of harm is found. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { reachVerdict } from './verdict.ts'

const harmless = {
  writer: ['ack t 0 0 0', 'ack t 0 1 1', 'ack t 0 2 2'],
  member: ['resumed 10 11 t 0 -1', 'got t 0 0 w:0', 'got t 0 1 w:1', 'committed 20 21 t 0 2', 'got t 0 2 w:2'],
  observations: ['resumed 30 31 t 0 2', 'end t 0 3'],
  readBack: ['t 0 0 w:0', 't 0 1 w:1', 't 0 2 w:2'],
}

let directory: string
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'odradek-verdict-'))
})
after(() => rm(directory, { recursive: true }))

async function problemsOf(seen: Partial<typeof harmless>): Promise<readonly string[]> {
  const { writer, member, observations, readBack } = { ...harmless, ...seen }
  const write = async (name: string, lines: readonly string[]) => {
    const file = path.join(directory, name)
    await writeFile(file, lines.map(line => `${line}\n`).join(''))
    return file
  }
  const files = {
    writers: [await write('writer-w.lines', writer)],
    members: [await write('member-0.lines', member)],
    observations: await write('observations.lines', observations),
  }
  const { problems } = await reachVerdict(files, [readBack.map(line => `${line}\n`).join('')])
  return problems
}

test('what is as it was acknowledged is no problem', async () => {
  assert.deepEqual(await problemsOf({}), [])
})

const harms: Record<string, [Partial<typeof harmless>, RegExp]> = {
  'a lost message': [{ readBack: ['t 0 0 w:0', 't 0 1 w:1'] }, /not where it was acknowledged: w:2/],
  'a lost message that others follow': [
    { readBack: ['t 0 0 w:0', 't 0 1 w:2'], writer: ['ack t 0 0 0', 'ack t 0 1 -1', 'ack t 0 2 -1'] },
    /left out: t 0 1 w:2/,
  ],
  'a message that stands twice': [
    { readBack: [...harmless.readBack, 't 0 3 w:2'] },
    /twice or out of order: t 0 3 w:2/,
  ],
  'an order that is not kept': [
    { readBack: ['t 0 0 w:0', 't 0 1 w:2', 't 0 2 w:1'] },
    /twice or out of order: t 0 2 w:1/,
  ],
  'an offset that nobody can read': [{ readBack: ['t 0 0 w:0', 't 0 2 w:1', 't 0 3 w:2'] }, /read back at 1: t 0 2/],
  'a message that a writer gave up': [{ writer: [...harmless.writer, 'failed t 0 3 X'] }, /w has a message failed/],
  'a record that changed after it was delivered': [
    { member: ['resumed 10 11 t 0 -1', 'got t 0 0 w:9'] },
    /delivered, and changed since: got t 0 0 w:9/,
  ],
  'a record that a member was not given': [
    { member: ['resumed 10 11 t 0 -1', 'got t 0 0 w:0', 'got t 0 2 w:2'] },
    /delivered instead of 1: got t 0 2/,
  ],
  'a record that nobody in the group was given': [
    { member: harmless.member.slice(0, -1) },
    /never delivered to the group: t 0 2/,
  ],
  'a committed offset that went back': [{ observations: ['resumed 30 31 t 0 1'] }, /committed offset went back/],
  'a committed offset beyond the end': [
    { observations: ['resumed 30 31 t 0 4', 'end t 0 3'] },
    /committed beyond the end: t 0 4 of 3/,
  ],
}

for (const [harm, [seen, problem]] of Object.entries(harms)) {
  test(`${harm} is found`, async () => {
    assert.match((await problemsOf(seen)).join('\n'), problem)
  })
}
