/** Produce and consume: what goes in comes out. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startBroker } from 'odradek'
import { testCluster } from '../testing/test-cluster.ts'

const cluster = testCluster()
let scratch = ''

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'odradek-records-'))
})

after(() => rmSync(scratch, { recursive: true, force: true }))

/** All bytes but the one that ends a line, in lines of all lengths, the last one without an end. */
function binaryLines(): Buffer {
  const lines: Buffer[] = []
  for (let length = 0; length < 300; length++) {
    const line = Buffer.from(Array.from({ length }, (_, index) => (index * 7 + length * 31) % 256)).map(byte =>
      byte === 10 ? 0 : byte,
    )
    lines.push(Buffer.from(line), Buffer.from('\n'))
  }
  return Buffer.concat(lines)
}

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`lines come back byte for byte with ${codec}`, async () => {
    const input = binaryLines()
    const topic = `bytes-${codec}`
    const { stderr } = await cluster.run(['produce', topic, '--compression', codec], { input })
    assert.equal(stderr, `Sent 300 records to ${topic}.\n`)
    const { status, stdout } = await cluster.run(['consume', topic, '--exit'])
    assert.equal(status, 0)
    assert.ok(stdout.equals(input))
  })
}

test('100,000 lines go through in order', async t => {
  const file = join(scratch, 'lines')
  const text = Array.from({ length: 100_000 }, (_, index) => `line ${index} ${'x'.repeat(index % 97)}\n`).join('')
  writeFileSync(file, text)
  const timed = async (args: string[]) => {
    const startedAt = performance.now()
    const result = await cluster.run(args)
    t.diagnostic(`${args[0]}: ${Math.round(performance.now() - startedAt)} ms`)
    assert.equal(result.status, 0, result.stderr)
    return result.stdout.toString()
  }
  await timed(['produce', 'many', file])
  assert.ok((await timed(['consume', 'many', '--exit'])) === text, 'the lines differ')
  assert.ok((await timed(['consume', 'many', '--exit', '--group', 'many'])) === text, 'the lines of the group differ')
})

test('keys, headers, partitions and tombstones arrive as they were given', async () => {
  await cluster.text(['topic', 'create', 'fields', '-p', '3'])
  const given = ['-p', '2', '-K', '::', '-H', 'a=1', '-H', 'b=x=y', '--empty-as-null', '--quiet']
  const { stderr } = await cluster.run(['produce', 'fields', ...given], { input: 'k::v\n::\r\nk::a::b\ngone::' })
  assert.equal(stderr, '')
  const printed = await cluster.text(['consume', 'fields', '--exit', '-t', '%t/%p/%o %K:%k %S:%s %h|'])
  assert.equal(
    printed,
    'fields/2/0 1:k 1:v a=1,b=x=y|fields/2/1 0: 1:\r a=1,b=x=y|fields/2/2 1:k 4:a::b a=1,b=x=y|fields/2/3 4:gone -1: a=1,b=x=y|',
  )
  await cluster.text(['produce', 'fields', '-k', 'same', '--acks', '1', '-q'], { input: 'x\ny\n' })
  const sameKey = await cluster.text(['consume', 'fields', '--exit', '-o', '-2', '-t', '%k=%s %p\\n'])
  const partitions = new Set([...sameKey.matchAll(/^same=. (\d)$/gm)].map(([, partition]) => partition))
  assert.equal(partitions.size, 1, sameKey)
})

test('JSON goes out and in again without loss', async () => {
  const lines = [
    { key: 'k', value: 'grüß', headers: { h: '1' }, timestamp: 1_700_000_000_000 },
    { key: null, value: null },
    {
      key: { base64: '/w==' },
      value: { base64: 'AP8=' },
      headers: [
        ['d', '1'],
        ['d', '2'],
      ],
    },
  ]
  const input = lines.map(line => JSON.stringify(line)).join('\n')
  await cluster.text(['produce', 'json', '--format', 'json', '-q'], { input })
  const out = await cluster.text(['consume', 'json', '--exit', '--format', 'json'])
  const [first, second, third] = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(first, {
    topic: 'json',
    partition: 0,
    offset: 0,
    timestamp: 1_700_000_000_000,
    key: 'k',
    value: 'grüß',
    headers: [['h', '1']],
  })
  assert.deepEqual([second.key, second.value, second.headers], [null, null, []])
  assert.deepEqual([third.key, third.value], [{ base64: '/w==' }, { base64: 'AP8=' }])
  await cluster.text(['produce', 'json-copy', '--format', 'json', '-q'], { input: out })
  const copy = await cluster.text(['consume', 'json-copy', '--exit', '--format', 'json'])
  assert.equal(copy.replaceAll('json-copy', 'json'), out)
})

test('reading begins and ends where it is told to', async () => {
  await cluster.text(['topic', 'create', 'places', '-p', '2'])
  await cluster.text(['produce', 'places', '-p', '0', '-q'], { input: 'a\nb\nc\nd\n' })
  await cluster.text(['produce', 'places', '-p', '1', '-q'], { input: 'x\ny\n' })
  const reads: [args: string, expected: string][] = [
    ['--exit -p 0', 'abcd'],
    ['--exit -p 1', 'xy'],
    ['--exit -p 0 --from 2', 'cd'],
    ['--exit -p 0 --from -1', 'd'],
    ['--exit -p 0 --from -99', 'abcd'],
    ['--exit -p 0 --from 99', ''],
    ['--exit --from end', ''],
    ['--exit --from 2001-01-01T00:00:00Z -p 0', 'abcd'],
    ['--exit --from 2036-01-01', ''],
    ['-n 3 -p 0', 'abc'],
    ['-n 1 -p 0 --from 3', 'd'],
  ]
  for (const [args, expected] of reads) {
    assert.equal(await cluster.text(['consume', 'places', ...args.split(' '), '-t', '%s']), expected, args)
  }
})

test('a topic without records ends at once, in a group or not', async () => {
  await cluster.text(['topic', 'create', 'empty', '-p', '3'])
  assert.equal(await cluster.text(['consume', 'empty', '--exit']), '')
  assert.equal(await cluster.text(['consume', 'empty', '--exit', '--group', 'empty']), '')
})

test('a group goes on behind the last record that was printed', async () => {
  await cluster.text(['produce', 'counted', '-q'], { input: '1\n2\n3\n4\n5\n' })
  const next = (count: string) => cluster.text(['consume', 'counted', '-g', 'counting', '-n', count])
  assert.equal(await next('2'), '1\n2\n')
  assert.equal(await next('1'), '3\n')
  assert.equal(await cluster.text(['consume', 'counted', '-g', 'counting', '--exit']), '4\n5\n')
  assert.equal(await cluster.text(['consume', 'counted', '-g', 'counting', '--exit']), '')
})

for (const group of [[], ['--group', 'waiting']]) {
  test(`Ctrl+C ends a reader that waits${group.length > 0 ? ' as a member' : ''}`, async () => {
    const topic = `waiting-${group.length}`
    await cluster.text(['produce', topic, '-q'], { input: 'first\n' })
    const reader = await cluster.start(['consume', topic, ...group])
    await reader.stdoutHas(/first\n/)
    await cluster.text(['produce', topic, '-q'], { input: 'second\n' })
    await reader.stdoutHas(/second\n/)
    reader.child.kill('SIGINT')
    const { status, stderr } = await reader.ended
    assert.equal(status, 0)
    assert.equal(stderr, '')
  })
}

for (const group of [[], ['--group', 'patient']]) {
  test(`a reader goes on when its broker comes back${group.length > 0 ? ', as a member' : ''}`, async () => {
    const data = join(scratch, `restarted-${group.length}`)
    const first = await startBroker({ data })
    const to = ['--bootstrap', first.bootstrapServers]
    await cluster.text(['produce', 'kept', '-q', ...to], { input: 'before\n' })
    const reader = await cluster.start(['consume', 'kept', ...group, ...to])
    await reader.stdoutHas(/before\n/)
    await first.stop()
    await using second = await startBroker({ data, listen: first.bootstrapServers })
    assert.equal(second.port, first.port)
    await cluster.text(['produce', 'kept', '-q', ...to], { input: 'after\n' })
    await reader.stdoutHas(/before\nafter\n/)
    reader.child.kill('SIGINT')
    assert.equal((await reader.ended).status, 0)
  })
}

test('a reader whose pipe is closed ends without a word', async () => {
  await cluster.text(['produce', 'piped', '-q'], { input: 'line\n'.repeat(200_000) })
  const reader = await cluster.start(['consume', 'piped'])
  assert.ok(reader.child.stdout)
  await once(reader.child.stdout, 'data')
  reader.child.stdout.destroy()
  const { status, stderr } = await reader.ended
  assert.equal(status, 0)
  assert.equal(stderr, '')
})

test('a broker that makes no topics on first use says how to make one', async () => {
  const strict = await startBroker({ config: { 'auto.create.topics.enable': false } })
  const to = ['--bootstrap', strict.bootstrapServers]
  const refused = await cluster.refusal(1, ['produce', 'absent', ...to], { input: 'x\n' })
  await strict.stop()
  assert.match(refused, /topic 'absent' does not exist, .*: odradek topic create absent/)
})

test('what cannot be sent or read is refused with the place', async () => {
  const json = join(scratch, 'lines.json')
  writeFileSync(json, '{"value":"fine"}\nnot json\n')
  await cluster.text(['topic', 'create', 'two', '-p', '2'])
  const refusals: [exitCode: number, args: string[], words: RegExp][] = [
    [2, ['produce', 'two', '-p', '2'], /two has the partitions 0 to 1, not 2/],
    [1, ['produce', 'a/b'], /INVALID_TOPIC_EXCEPTION/],
    [2, ['produce', 'two', '-K', ':'], /^standard input:1 has no key delimiter ':'/],
    [2, ['produce', 'two', '--format', 'json', json], /lines\.json:2 is not a JSON object/],
    [2, ['produce', 'two', '-z', 'brotli'], /none, gzip, snappy, lz4, zstd/],
    [1, ['produce', 'two', join(scratch, 'nope')], /no such file.*nope/],
    [1, ['consume', 'absent', '--exit'], /topic 'absent' does not exist/],
    [1, ['consume', 'absent', '--exit', '-g', 'g'], /topic 'absent' does not exist/],
    [2, ['consume', 'two', '-p', '2'], /two has the partitions 0 to 1, not 2/],
    [2, ['consume', 'two', '--from', 'yesterday'], /--from takes beginning/],
    [2, ['consume', 'two', '-g', 'g', '-p', '1'], /leave out --partition or --group/],
    [2, ['consume', 'two', '-g', 'g', '--from', '3'], /odradek group reset/],
    [2, ['consume', 'two', '-n', '0'], /at least 1/],
  ]
  for (const [exitCode, args, words] of refusals) {
    assert.match(await cluster.refusal(exitCode, args, { input: 'a line\n' }), words)
  }
  const { status, stderr } = await cluster.run(['consume', 'two', '-t', '%z'])
  assert.equal(status, 2)
  assert.match(stderr, /^odradek: '%z' is no token of a template/)
})
