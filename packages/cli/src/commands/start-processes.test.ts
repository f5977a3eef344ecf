/** What needs no cluster; the rest is in interop/cluster/processes.test.ts, with etcd. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runOdradek, startOdradek } from '../testing/run-odradek.ts'

const scratch = mkdtempSync(join(tmpdir(), 'odradek-processes-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
/** Nobody is there. */
const cluster = 'etcd://127.0.0.1:1/p'

async function refusal(exitCode: number, ...args: string[]): Promise<string> {
  const options = ['--processes', '3', '--cluster', cluster, '--data', join(scratch, 'new')]
  const { status, stdout, stderr } = await runOdradek(['start', ...options, ...args])
  assert.equal(status, exitCode, stderr)
  assert.equal(stdout.toString(), '')
  assert.match(stderr, /^odradek: [^\n]*\n$/)
  return stderr
}

test('a wrong command line is told once, before there are any processes', async () => {
  assert.match(await refusal(2, '--listen', 'nonsense'), /listen has nonsense, which is not of the form HOST:PORT/)
  assert.match(await refusal(2, '--listen', 'localhost:65534'), /there are no 3 ports from there on/)
  assert.match(await refusal(2, '--listen', '0.0.0.0:9092'), /is all addresses/)
  assert.match(await refusal(2, '--cluster', 'http://127.0.0.1'), /does not begin with etcd:\/\//)
  assert.match(await refusal(2, '--etcd-cert', 'x'), /--etcd-cert and --etcd-key belong together/)
  assert.match(await refusal(2, '--set', 'num.partitons=3'), /did you mean num\.partitions/)
  assert.match(
    await refusal(2, '--processes', '2000'),
    /'2000' is invalid\. It must be a whole number from 1 to 1000\./,
  )
  assert.deepEqual(readdirSync(scratch), [])
})

test('processes that end before they serve are named, and leave none behind', async () => {
  const args = ['start', '--processes', '2', '--memory', '--listen', '127.0.0.1:0', '--cluster', cluster]
  const { status, stderr } = await runOdradek(args)
  assert.equal(status, 1)
  assert.match(stderr, /^odradek: process [12] of 2 ended with 1 before it served$/m)
})

test('the data of one broker are not taken for those of several, nor the other way round', async () => {
  const one = join(scratch, 'one')
  const several = join(scratch, 'several')
  for (const data of [one, join(several, 'broker-1'), join(several, 'broker-2')]) {
    const broker = startOdradek(['start', '--listen', '127.0.0.1:0', '--data', data])
    await broker.stdoutHas(/ serves on /)
    broker.child.kill('SIGTERM')
    assert.equal((await broker.ended).status, 0)
  }
  const files = readdirSync(one)
  assert.match(
    await refusal(1, '--data', one),
    /one is the data of node 1: move it to .*one\/broker-1, or choose another/,
  )
  assert.deepEqual(readdirSync(one), files)

  const { status, stderr } = await runOdradek(['start', '--listen', '127.0.0.1:0', '--data', several])
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^odradek: .*holds the data of several brokers \(broker-1, broker-2\): start it with --processes 2/m,
  )
  assert.deepEqual(readdirSync(several), ['broker-1', 'broker-2'])
})
