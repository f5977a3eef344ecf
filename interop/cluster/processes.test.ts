/** `odradek start --processes N`: several brokers of a cluster on one host, under one command. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningCommand, runOdradek, startOdradek } from '../../packages/cli/src/testing/run-odradek.ts'
import { EtcdCluster } from '../etcd/etcd-cluster.ts'

async function brokersAt(bootstrap: string): Promise<{ readonly rack: string | null }[]> {
  const { stdout, stderr } = await runOdradek(['broker', 'list', '--bootstrap', bootstrap, '--format', 'json'])
  assert.notEqual(stdout.length, 0, stderr)
  return JSON.parse(stdout.toString())
}

/** The ports of those that serve, once `count` do. */
async function serving(running: RunningCommand, count: number): Promise<string> {
  const [, addresses = ''] = await running.stdoutHas(new RegExp(`^${count} brokers serve on (\\S+)\\. Stop them`, 'm'))
  return addresses
}

test('three brokers start under one command, on one rack; one that dies comes back, and a stop ends them all', async () => {
  const etcd = await EtcdCluster.start({ size: 1 })
  const data = await mkdtemp(path.join(os.tmpdir(), 'odradek-processes-'))
  const cluster = `etcd://${etcd.members[0]?.endpoint}/processes`
  const running = startOdradek(
    ['start', '--cluster', cluster, '--processes', '3', '--listen', '127.0.0.1:0', '--data', data],
    { timeoutMs: 120_000 },
  )
  try {
    const bootstrap = await serving(running, 3)
    const brokers = await brokersAt(bootstrap)
    assert.equal(brokers.length, 3)
    assert.deepEqual(new Set(brokers.map(({ rack }) => rack)), new Set([os.hostname()]))
    assert.deepEqual((await readdir(data)).sort(), ['broker-1', 'broker-2', 'broker-3'])

    const [victim] = await childrenOf(running.child.pid ?? 0)
    process.kill(victim ?? 0, 'SIGKILL')
    const until = performance.now() + 30_000
    while ((await childrenOf(running.child.pid ?? 0)).length < 3 || (await brokersAt(bootstrap)).length < 3) {
      assert.ok(performance.now() < until, running.output.stderr)
      await sleep(200)
    }
    assert.match(running.output.stderr, /process 1 of 3 ended with SIGKILL: starting it again/)

    const children = await childrenOf(running.child.pid ?? 0)
    running.child.kill('SIGTERM')
    assert.equal((await running.ended).status, 0)
    for (const pid of children) assert.throws(() => process.kill(pid, 0), /ESRCH/)
  } finally {
    running.child.kill('SIGTERM')
    await running.ended
    await etcd.stop()
    await rm(data, { recursive: true, force: true })
  }
})

test('a broker that was alone becomes the first of several, with all that it has', async () => {
  const etcd = await EtcdCluster.start({ size: 1 })
  const home = await mkdtemp(path.join(os.tmpdir(), 'odradek-processes-'))
  const data = path.join(home, 'data')
  const cluster = ['--cluster', `etcd://${etcd.members[0]?.endpoint}/first`]
  const start = ['start', '--listen', '127.0.0.1:0', '--data', data]
  const several = [...start, ...cluster, '--processes', '2']
  try {
    const alone = startOdradek(start)
    const [, address = ''] = await alone.stdoutHas(/serves on ([^,\s]+),/)
    await ended(['produce', 'orders', '--bootstrap', address], 0, 'one\ntwo\n')
    alone.child.kill('SIGTERM')
    await alone.ended

    assert.match(await ended(several, 1), /is the data of node 1: move it to \S+\/data\/broker-1, or/)
    await rename(data, path.join(home, 'broker-1'))
    await mkdir(data)
    await rename(path.join(home, 'broker-1'), path.join(data, 'broker-1'))
    await ended(['cluster', 'import', '--data', path.join(data, 'broker-1'), ...cluster], 0)

    const running = startOdradek(several, { timeoutMs: 120_000 })
    try {
      const bootstrap = await serving(running, 2)
      assert.equal((await brokersAt(bootstrap)).length, 2)
      const { stdout } = await runOdradek(['consume', 'orders', '--exit', '--bootstrap', bootstrap])
      assert.equal(stdout.toString(), 'one\ntwo\n')
    } finally {
      running.child.kill('SIGTERM')
      await running.ended
    }
    assert.match(await ended([...start, ...cluster], 1), /holds the data of several brokers \(broker-1, broker-2\)/)
    assert.deepEqual((await readdir(data)).sort(), ['broker-1', 'broker-2'])
  } finally {
    await etcd.stop()
    await rm(home, { recursive: true, force: true })
  }
})

test('what only the brokers find wrong with the command line ends it as such', async () => {
  const etcd = await EtcdCluster.start({ size: 1 })
  const cluster = ['--cluster', `etcd://${etcd.members[0]?.endpoint}/wrong`]
  try {
    const wrong = ['--memory', '--listen', '127.0.0.1:0', '--set', 'broker.session.timeout.ms=10']
    const said = await ended(['start', '--processes', '2', ...cluster, ...wrong], 2)
    assert.match(said, /broker\.session\.timeout\.ms is 10/)
    assert.match(said, /^odradek: process [12] of 2 ended with 2 before it served$/m)
  } finally {
    await etcd.stop()
  }
})

/** What a command has said on standard error. */
async function ended(args: readonly string[], expected: number, input = ''): Promise<string> {
  const { status, stderr } = await runOdradek(args, { input })
  assert.equal(status, expected, stderr)
  return stderr
}

test('it needs a cluster, and hands out the node ids itself', async () => {
  const alone = await runOdradek(['start', '--processes', '2'])
  assert.equal(alone.status, 2)
  assert.match(alone.stderr, /--processes needs --cluster/)
  const numbered = await runOdradek(['start', '--processes', '2', '--cluster', 'etcd://a:1/b', '--node-id', '1'])
  assert.equal(numbered.status, 2)
  assert.match(numbered.stderr, /node\.id can be the setting of one only/)
})

/** Pids, from what the kernel knows. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
