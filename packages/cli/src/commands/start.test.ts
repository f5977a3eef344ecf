import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunResult, runOdradek, startOdradek } from '../testing/run-odradek.ts'

const anyPort = ['--listen', '127.0.0.1:0']
const serves = /^Odradek serves on (127\.0\.0\.1:(\d+)), (.*)\. Stop it with Ctrl\+C\.$/m
let scratch = ''

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'odradek-start-'))
})

after(() => rmSync(scratch, { recursive: true, force: true }))

/** Starts, stops once it serves, and returns where it served. */
async function startAndStop(...args: string[]): Promise<string> {
  const broker = startOdradek(['start', ...anyPort, ...args])
  const found = await broker.stdoutHas(serves)
  broker.child.kill('SIGTERM')
  assert.equal((await broker.ended).status, 0)
  return found[3] ?? ''
}

/** The refusal's one line, without log lines that came before it. */
async function refusal(...args: string[]): Promise<RunResult & { line: string }> {
  const result = await runOdradek(['start', ...args], { timeoutMs: 15_000 })
  const lines = result.stderr.split('\n').filter(line => line !== '' && !line.startsWith('{'))
  assert.equal(lines.length, 1, result.stderr)
  assert.equal(result.stdout.length, 0)
  assert.doesNotMatch(result.stderr, /^\s+at /m)
  return { ...result, line: lines[0] ?? '' }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`says in one line where it serves, and ${signal} ends it in order`, async () => {
    const data = join(scratch, `data-${signal}`)
    const broker = startOdradek(['start', ...anyPort, '--data', data])
    const [, address, port, where] = await broker.stdoutHas(serves)
    assert.equal(where, `data in ${data}`)
    const client = connect(Number(port), '127.0.0.1')
    client.on('error', () => {})
    await new Promise(resolve => client.once('connect', resolve))
    const startedAt = performance.now()
    broker.child.kill(signal)
    const { status, stdout } = await broker.ended
    assert.equal(status, 0)
    assert.ok(performance.now() - startedAt < 10_000)
    assert.deepEqual(stdout.toString().split('\n'), [
      `Odradek serves on ${address}, data in ${data}. Stop it with Ctrl+C.`,
      '',
    ])
    assert.match(readFileSync(join(data, '.kafka_cleanshutdown'), 'utf8'), /version/)
    client.destroy()
  })
}

test('in memory it leaves nothing behind, whatever the settings say', async () => {
  const config = join(scratch, 'memory.properties')
  writeFileSync(config, `log.dirs=${scratch}/never\n`)
  assert.equal(await startAndStop('--memory', '--config', config), 'in memory')
  assert.throws(() => readFileSync(join(scratch, 'never/meta.properties')))
})

test('settings come from a file, and --set goes before it', async () => {
  const config = join(scratch, 'server.properties')
  writeFileSync(
    config,
    `# as Kafka has it\nlog.dirs=${scratch}/from-file\nnum.partitions: 3\nlog.retention.hours = 24\n`,
  )
  assert.equal(await startAndStop('--config', config), `data in ${scratch}/from-file`)
  const several = `log.dirs=${scratch}/one, ${scratch}/two`
  assert.equal(await startAndStop('--config', config, '--set', several), `data in ${scratch}/one, ${scratch}/two`)
  const { line } = await refusal('--config', config, '--set', 'num.partitions=many')
  assert.match(line, /many.*num\.partitions/)
})

test('log lines are JSON where no terminal reads them', async () => {
  const broker = startOdradek(['start', '--memory', ...anyPort])
  await broker.stdoutHas(serves)
  broker.child.kill('SIGINT')
  const { stderr } = await broker.ended
  const messages = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).msg)
  assert.deepEqual(messages.slice(-2), ['stopping', 'stopped'])
})

test('a second signal ends at once', async () => {
  const broker = startOdradek(['start', '--memory', ...anyPort])
  await broker.stdoutHas(serves)
  broker.child.kill('SIGINT')
  broker.child.kill('SIGTERM')
  assert.ok([0, 1].includes(Number((await broker.ended).status)))
})

test('a port that is taken is named', async () => {
  const holder = createServer()
  const port = await new Promise<number>(resolve =>
    holder.listen(0, '127.0.0.1', () => {
      const address = holder.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    }),
  )
  const { status, line } = await refusal('--memory', '--listen', `127.0.0.1:${port}`)
  holder.close()
  assert.equal(status, 1)
  assert.match(line, new RegExp(`^odradek: Port ${port} .*already in use.*another port`))
})

test('a data directory in use names the process that uses it', async () => {
  const data = join(scratch, 'in-use')
  const holder = startOdradek(['start', ...anyPort, '--data', data])
  await holder.stdoutHas(serves)
  const { status, line } = await refusal(...anyPort, '--data', data)
  holder.child.kill('SIGTERM')
  await holder.ended
  assert.equal(status, 1)
  assert.match(
    line,
    new RegExp(`^odradek: The data directory .*in-use is in use: .*locked by process ${holder.child.pid}: stop it`),
  )
})

test('a data directory of another cluster or node is left alone', async () => {
  const data = join(scratch, 'mine')
  await startAndStop('--data', data, '--cluster-id', 'odradek-1')
  const cluster = await refusal(...anyPort, '--data', data, '--cluster-id', 'odradek-2')
  assert.equal(cluster.status, 1)
  assert.match(cluster.line, /belongs to cluster odradek-1, not to odradek-2/)
  const node = await refusal(...anyPort, '--data', data, '--set', 'node.id=7')
  assert.match(node.line, /belongs to node 1, not to 7\. Set node\.id=1/)
  const meta = join(data, 'meta.properties')
  writeFileSync(meta, readFileSync(meta, 'utf8').replace('odradek-1', 'odradek-3'))
  const mixed = await refusal(...anyPort, '--data', data)
  assert.match(mixed.line, /of cluster odradek-1, but its meta\.properties says odradek-3/)
})

test('settings that are unknown, unsupported or of a wrong form are refused', async () => {
  for (const [setting, words] of [
    ['num.partitons=3', /unknown setting num\.partitons: did you mean num\.partitions\?$/],
    ['auto.create.topics=false', /did you mean auto\.create\.topics\.enable\?$/],
    ['num.partitions=x', /num\.partitions/],
    ['num.partitions=0', /num\.partitions/],
    ['security.inter.broker.protocol=SASL_SSL', /not supported by Odradek yet/],
    ['listeners=SSL://:9093', /not supported by Odradek yet/],
    ['no-value', /KEY=VALUE/],
  ] as const) {
    const { status, line } = await refusal('--memory', '--set', setting)
    assert.equal(status, 2, setting)
    assert.match(line, words)
  }
})

test('an address that cannot be listened on is refused with its form or its reason', async () => {
  for (const [listen, expected, words] of [
    ['9092', 2, /HOST:PORT/],
    ['localhost:99999', 2, /HOST:PORT/],
    ['localhost:x', 2, /HOST:PORT/],
    ['192.0.2.1:9092', 1, /192\.0\.2\.1.*address of this machine/],
    ['nobody.invalid:9092', 1, /nobody\.invalid.*address of this machine/],
  ] as const) {
    const { status, line } = await refusal('--memory', '--listen', listen)
    assert.equal(status, expected, listen)
    assert.match(line, words)
  }
})

test('a file of settings that cannot be read is named', async () => {
  for (const path of [join(scratch, 'absent'), scratch]) {
    const { status, line } = await refusal('--memory', '--config', path)
    assert.equal(status, 2)
    assert.ok(line.includes('--config') && line.includes(path), line)
  }
})

test('a data directory that cannot be one is named with the reason', async () => {
  const file = join(scratch, 'file')
  writeFileSync(file, '')
  const isFile = await refusal(...anyPort, '--data', file)
  assert.equal(isFile.status, 1)
  assert.match(isFile.line, /is a file: name a directory/)
  assert.match((await refusal(...anyPort, '--data', join(file, 'below'))).line, /part of its path is no directory/)
  assert.match((await refusal('--memory', '--data', file)).line, /leave out --data/)
})

test('a data directory without permission is named', async () => {
  const data = join(scratch, 'forbidden')
  mkdirSync(data)
  chmodSync(data, 0o500)
  chmodSync(scratch, 0o755)
  // Root may write everywhere: it lends the command the rights of nobody.
  const nobody = 65_534
  const uid = process.getuid?.() === 0 ? { uid: nobody } : {}
  const { status, stderr } = await runOdradek(['start', ...anyPort, '--data', data], uid)
  assert.equal(status, 1)
  assert.match(stderr, /^odradek: This user may not read and write.*change its owner or permissions.*\n$/)
})

test('a file that finds no space is told at the start', async t => {
  if (!existsSync('/dev/full')) {
    t.diagnostic('this system has no device that is always full')
    return
  }
  const data = join(scratch, 'no-space')
  mkdirSync(data)
  // Anybody may write to the device that is always full.
  symlinkSync('/dev/full', join(data, 'meta.properties.tmp'))
  const { status, line } = await refusal(...anyPort, '--data', data)
  assert.equal(status, 1)
  assert.match(line, /No space is left for the data directory .*no-space: free some/)
})

test('a full disk is told at the start', async t => {
  const mount = join(scratch, 'full')
  mkdirSync(mount)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount], { stdio: 'ignore' })
  } catch {
    t.diagnostic('only root may mount the small disk that this test fills')
    return
  }
  try {
    assert.throws(() => writeFileSync(join(mount, 'ballast'), Buffer.alloc(100_000)))
    const { status, line } = await refusal(...anyPort, '--data', join(mount, 'data'))
    assert.equal(status, 1)
    assert.match(line, /No space is left for the data directory .*full\/data: free some/)
  } finally {
    execFileSync('umount', [mount])
  }
})
