import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOdradek, startOdradek } from '../testing/run-odradek.ts'

test('starts a cluster, prints its addresses, and ends in order', async () => {
  const cluster = startOdradek(['dev', '--brokers', '2', '--port', '0'])
  const serves =
    /^A cluster of 2 brokers serves on (127\.0\.0\.1:\d+,127\.0\.0\.1:\d+), in memory\. Stop it with Ctrl\+C\.$/m
  const [, bootstrap = ''] = await cluster.stdoutHas(serves)
  const env = { ODRADEK_BOOTSTRAP: bootstrap }
  assert.equal((await runOdradek(['topic', 'create', 'orders'], { env })).status, 0)
  const { stdout } = await runOdradek(['topic', 'describe', 'orders', '--format', 'json'], { env })
  assert.deepEqual(JSON.parse(stdout.toString()).partitions[0].isr.toSorted(), [1, 2])
  cluster.child.kill('SIGINT')
  const ended = await cluster.ended
  assert.equal(ended.status, 0)
  assert.equal(ended.stderr, '')
  const [first = '', second = ''] = bootstrap.split(',')
  assert.equal(ended.stdout.toString().split('\n\n')[0], `BROKER  ADDRESS\n     1  ${first}\n     2  ${second}`)
})

test('a setting that only one of the brokers can have is refused with what there is instead', async () => {
  const { status, stderr } = await runOdradek(['dev', '--port', '0', '--set', 'node.id=3'])
  assert.equal(status, 2)
  const reason = 'leave it out, the brokers have the ids 1, 2, 3…'
  assert.equal(stderr, `odradek: the setting node.id would be the same for all brokers: ${reason}\n`)
})
