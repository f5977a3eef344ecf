import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type DescribedTopic, testClusterOf } from '../testing/test-cluster.ts'

const cluster = testClusterOf({
  brokers: 4,
  racks: ['a', 'b'],
  config: { 'broker.session.timeout.ms': 500, 'default.replication.factor': 3 },
})

async function eventually(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt++) if (await isSo()) return
  assert.fail(what)
}

test('describe shows the brokers, what they lead and follow, and the features', async () => {
  await cluster.text(['topic', 'create', 'described', '--partitions', '8', '--replicas', '3'])
  const text = await cluster.text(['cluster', 'describe'])
  const lines = text.split('\n')
  assert.match(lines[0] ?? '', /^\S{22} {2}4 brokers {2}controller [1-4]$/)
  assert.match(lines[2] ?? '', /^BROKER {2}ADDRESS +RACK {2}STATE {2}LEADS {2}FOLLOWS {2}BEHIND {2}USED +FREE$/)
  assert.match(lines[3] ?? '', /^ {5}1 {2}127\.0\.0\.1:\d+ {2}a {5}up +\d+ +\d+ +0 {2}/)
  assert.match(text, /^8 partitions: 0 under-replicated, 0 offline, 0 on the move$/m)
  assert.match(text, /^metadata\.version +\d+$/m)
  const json = (await cluster.json(['cluster', 'describe'])) as { brokers: { leads: number; follows: number }[] }
  assert.equal(
    json.brokers.reduce((sum, { leads }) => sum + leads, 0),
    8,
  )
  assert.equal(
    json.brokers.reduce((sum, { follows }) => sum + follows, 0),
    16,
  )
})

test('broker list names them all', async () => {
  const brokers = (await cluster.json(['broker', 'list'])) as { brokerId: number; rack: string }[]
  assert.deepEqual(
    brokers.map(({ brokerId, rack }) => [brokerId, rack]),
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
      [4, 'b'],
    ],
  )
  assert.match(await cluster.text(['broker', 'list']), /^BROKER {2}ADDRESS +RACK {2}STATE {2}CONTROLLER\n {5}1 {2}/)
})

test('health ends with 0 while all is well, and with 1 and the reasons when a broker is gone', async () => {
  assert.equal(await cluster.text(['cluster', 'health']), 'Healthy.\n')
  const brokers = await cluster.running
  await brokers.broker(4).kill()
  await eventually(async () => (await cluster.run(['cluster', 'health'])).status === 1, 'it is not ill')
  const { stdout } = await cluster.run(['cluster', 'health', '--format', 'json'])
  const { healthy, problems } = JSON.parse(stdout.toString())
  assert.equal(healthy, false)
  const kinds = problems.map(({ kind }: { kind: string }) => kind)
  assert.ok(kinds.includes('broker-down') || kinds.includes('under-replicated'), kinds.join())
  await eventually(async () => {
    const { stdout: text } = await cluster.run(['cluster', 'health'])
    return /^Broker 4 is down\.$/m.test(text.toString())
  }, 'the broker is not missed')
  for (const undo of [[], ['--undo']]) {
    assert.equal(await cluster.refusal(1, ['broker', 'drain', '4', ...undo]), 'broker 4 is down: it leads nothing')
  }
  assert.equal(
    await cluster.refusal(1, ['broker', 'drain', '4', '--replicas']),
    'broker 4 is down: it leads nothing, and odradek broker decommission 4 moves its copies',
  )
  assert.equal(
    await cluster.refusal(2, ['broker', 'drain', '9']),
    'there is no broker 9: the brokers are 1, 2, 3, 4 (down)',
  )
  await brokers.broker(4).start()
  await eventually(async () => (await cluster.run(['cluster', 'health'])).status === 0, 'it does not get well')
})

test('drain leaves a broker nothing to lead, and its copies in place', async () => {
  await cluster.text(['topic', 'create', 'drained', '--partitions', '8', '--replicas', '3'])
  const before = await cluster.describe('drained')
  const said = await cluster.run(['broker', 'drain', '2'])
  assert.equal(said.stdout.toString(), 'Broker 2 leads nothing any more.\n')
  assert.match(said.stderr, /^\d+ of \d+ leaders? moved\n$/)
  const after = await cluster.describe('drained')
  assert.ok(after.partitions.every(({ leader, isr }) => leader !== 2 && isr.length === 3))
  const sorted = ({ partitions }: DescribedTopic) => partitions.map(({ replicas }) => replicas.toSorted())
  assert.deepEqual(sorted(after), sorted(before))
  assert.equal(await cluster.text(['broker', 'drain', '2', '--undo']), 'Broker 2 leads its share.\n')
  const { brokers } = (await cluster.json(['cluster', 'describe'])) as { brokers: { leads: number }[] }
  assert.equal(brokers[1]?.leads, 4)
  assert.match(await cluster.refusal(2, ['broker', 'drain', '9']), /^there is no broker 9: the brokers are 1, 2, 3, 4$/)
})

test('decommission keeps to a throttle, goes on with another when it is called again, and takes it away in the end', async () => {
  await cluster.text(['topic', 'create', 'heavy', '--partitions', '12', '--replicas', '3'])
  const input = `${'x'.repeat(1000)}\n`.repeat(600)
  for (let n = 0; n < 2; n++) await cluster.text(['produce', 'heavy'], { input })
  const slow = await cluster.start(['broker', 'decommission', '4', '--throttle', '1000'])
  await eventually(async () => {
    const { configs } = await cluster.describe('heavy')
    return /^\d+:[123]/.test(configs['follower.replication.throttled.replicas'] ?? '')
  }, 'nothing is throttled')
  await pause(2000)
  assert.equal(slow.child.exitCode, null)
  slow.child.kill('SIGINT')
  await slow.ended
  assert.equal(
    await cluster.text(['broker', 'decommission', '4', '--throttle', '100000000']),
    'Broker 4 holds nothing any more: stop it, and decommission it once more to take it out of the cluster.\n',
  )
  const { partitions, configs } = await cluster.describe('heavy')
  assert.ok(partitions.every(({ replicas, isr }) => !replicas.includes(4) && isr.length === 3))
  assert.deepEqual(configs, {})
})

test('decommission moves all copies to the others, waits for the broker to stop, and forgets it then', async () => {
  await cluster.text(['topic', 'create', 'moved', '--partitions', '12', '--replication-factor', '2'])
  await cluster.text(['topic', 'create', 'single', '--partitions', '4', '--replicas', '1'])
  assert.equal(
    await cluster.text(['broker', 'decommission', '3', '--at-once', '3']),
    'Broker 3 holds nothing any more: stop it, and decommission it once more to take it out of the cluster.\n',
  )
  for (const topic of ['moved', 'single', 'described', 'drained']) {
    const { partitions } = await cluster.describe(topic)
    assert.ok(
      partitions.every(({ replicas, isr }) => !replicas.includes(3) && isr.length === replicas.length),
      topic,
    )
  }
  await (await cluster.running).broker(3).stop()
  const isDown = async () => /^ {5}3 .* down /m.test(await cluster.text(['broker', 'list']))
  await eventually(isDown, 'broker 3 is up')
  assert.equal(
    await cluster.text(['broker', 'decommission', '3']),
    'Broker 3 holds nothing any more, and is out of the cluster.\n',
  )
  assert.equal(await isDown(), false)
  assert.equal(await cluster.text(['cluster', 'health']), 'Healthy.\n')
  for (const id of ['3', '99']) {
    assert.equal(
      await cluster.refusal(2, ['broker', 'decommission', id]),
      `there is no broker ${id}: the brokers are 1, 2, 4`,
    )
  }
})

test('what finds no other place stays where it is, and that is a failure', async () => {
  const { status, stderr } = await cluster.run(['broker', 'decommission', '4'])
  assert.equal(status, 1)
  assert.match(stderr, /^odradek: \S+-\d+.* stays?: for 3 copies there are only 2 other brokers$/m)
})
