/** A broker that was alone becomes the first of a cluster, on a real etcd, with all that it has. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { BrokerProcess } from '../broker-process.ts'
import { type CommandResult, runCommand } from '../command.ts'
import { EtcdCluster } from '../etcd/etcd-cluster.ts'
import { freePort } from '../ports.ts'

const odradek = path.resolve(import.meta.dirname, '../../packages/cli/bin/odradek.js')
let etcd: EtcdCluster
let scratch = ''
const running = new Set<BrokerProcess>()

before(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), 'odradek-interop-import-'))
  etcd = await EtcdCluster.start({ size: 1 })
})

after(async () => {
  for (const broker of running) await broker.kill()
  await etcd?.stop()
  if (scratch !== '') await rm(scratch, { recursive: true, force: true })
})

/** A broker on a directory that stays when it has ended. */
async function start(name: string, options: readonly string[] = []): Promise<BrokerProcess> {
  const port = await freePort()
  const directory = path.join(scratch, name)
  await mkdir(directory, { recursive: true })
  const args = ['start', '--listen', `127.0.0.1:${port}`, '--data', path.join(directory, 'data'), ...options]
  const launch = { program: process.execPath, args: [odradek, ...args] }
  const broker = new BrokerProcess({ name, port, directory, launch, stopSignal: 'SIGKILL' })
  running.add(broker)
  await broker.start()
  return broker
}

function run(args: readonly string[], bootstrap = ''): Promise<CommandResult> {
  return runCommand(process.execPath, [odradek, ...args], { env: { ODRADEK_BOOTSTRAP: bootstrap } })
}

async function said(args: readonly string[], broker: BrokerProcess): Promise<string> {
  const { status, stdout, stderr } = await run(args, broker.bootstrap)
  assert.equal(status, 0, stderr.toString())
  return stdout.toString()
}

function importInto(name: string, prefix: string): Promise<CommandResult> {
  const url = `etcd://${etcd.endpoints.join()}/${prefix}`
  return run(['cluster', 'import', '--data', path.join(scratch, name, 'data'), '--cluster', url])
}

for (const end of ['shutdown', 'kill'] as const) {
  test(`after its ${end} a broker brings its topics, records and groups into a cluster`, async () => {
    const alone = await start(`alone-${end}`)
    await said(['topic', 'create', 'orders', '--partitions', '1', '--config', 'retention.ms=123456789'], alone)
    for (const text of ['one', 'two', 'three']) {
      await runCommand(process.execPath, [odradek, 'produce', 'orders'], {
        input: `${text}\n`,
        env: { ODRADEK_BOOTSTRAP: alone.bootstrap },
      })
    }
    assert.equal(await said(['consume', 'orders', '--exit', '--group', 'readers', '--count', '2'], alone), 'one\ntwo\n')
    const early = await importInto(`alone-${end}`, end)
    assert.match(early.stderr.toString(), /is in use/)
    await alone[end]()
    const imported = await importInto(`alone-${end}`, end)
    assert.equal(imported.status, 0, imported.stderr.toString())
    assert.match(
      imported.stdout.toString(),
      /^Cluster \S{22} has 2 topics now, all of them on node 1\. Start it with: odradek start --data \S+ --cluster etcd:\S+$/m,
    )
    const again = await importInto(`alone-${end}`, end)
    assert.equal(again.status, 1)
    assert.match(again.stderr.toString(), /there is no cluster-metadata\.jsonl in it/)

    const settings = ['--set', 'broker.session.timeout.ms=1000', '--set', 'offsets.topic.replication.factor=2']
    const cluster = ['--cluster', `etcd://${etcd.endpoints.join()}/${end}`, ...settings]
    const first = await start(`alone-${end}`, cluster)
    const second = await start(`other-${end}`, cluster)
    assert.match(second.output, /^Node 2 of cluster /m)
    // What groups have committed needs two brokers when the first is gone.
    const third = await start(`third-${end}`, cluster)
    assert.equal(await said(['consume', 'orders', '--exit', '--group', 'readers'], first), 'three\n')
    assert.equal(await said(['consume', 'orders', '--exit', '--from', 'beginning'], first), 'one\ntwo\nthree\n')
    assert.match(await said(['topic', 'describe', 'orders'], second), /retention\.ms +123456789/)
    await said(['broker', 'decommission', '1'], second)
    await first.shutdown()
    assert.equal(await said(['consume', 'orders', '--exit', '--from', 'beginning'], second), 'one\ntwo\nthree\n')
    await Promise.all([second.kill(), third.kill()])
  })
}

test('a prefix that holds something is left alone', async () => {
  await (await start('late')).shutdown()
  const { status, stderr } = await importInto('late', 'kill')
  assert.equal(status, 1)
  assert.match(
    stderr.toString(),
    /^odradek: There is something under etcd:\/\/\S+\/kill already, and not of this broker/,
  )
  const meta = readFileSync(path.join(scratch, 'late/data/meta.properties'), 'utf8')
  assert.doesNotMatch(meta, /odradek\.shared/)
  await (await start('late')).kill()
})
