import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { testClusterOf } from '../testing/test-cluster.ts'

const cluster = testClusterOf({ brokers: 4, config: { 'offsets.topic.replication.factor': 3 } })

interface Share {
  readonly brokerId: number
  readonly holds: number
  readonly leads: number
}

/** A broker may hear of an election a little after the one that answered. */
async function assertEachLeads(count: number): Promise<void> {
  let leads: number[] = []
  for (let attempt = 0; attempt < 20; attempt++) {
    const { brokers } = (await cluster.json(['cluster', 'describe'])) as { brokers: { leads: number }[] }
    leads = brokers.map(broker => broker.leads)
    if (leads.every(each => each === count)) return
  }
  assert.fail(leads.join())
}

/** Broker 4 has nothing: it is as if it were new. */
async function emptyBroker(): Promise<void> {
  const { stdout, stderr } = await cluster.run(['broker', 'drain', '4', '--replicas', '--at-once', '50'])
  assert.equal(stdout.toString(), 'Broker 4 holds nothing any more.\n', stderr)
}

test('a cluster without topics has nothing to move', async () => {
  assert.equal(await cluster.text(['cluster', 'balance']), 'Nothing to move.\n')
})

test('a dry run shows in a table what would be moved, and moves nothing', async () => {
  await cluster.text(['topic', 'create', 'first', '--partitions', '8', '--replicas', '3'])
  await emptyBroker()
  const before = await cluster.describe('first')
  const text = await cluster.text(['cluster', 'balance', '--dry-run'])
  assert.match(
    text,
    /^PARTITION {2}FROM {3}TO\n(first-\d {4}[123],[123],[123] {2}[1234],[1234],[1234]\n)+\n6 to be copied, \d only to be led by another broker. After that:\nCopies per broker: 6. Leaderships per broker: 2.\n$/,
  )
  const { moves, brokers } = (await cluster.json(['cluster', 'balance', '--dry-run'])) as {
    moves: { from: number[]; to: number[] }[]
    brokers: Share[]
  }
  assert.equal(moves.filter(({ to }) => to.includes(4)).length, 6)
  assert.deepEqual(
    brokers,
    [1, 2, 3, 4].map(brokerId => ({ brokerId, holds: 6, leads: 2 })),
  )
  assert.deepEqual((await cluster.describe('first')).partitions, before.partitions)
})

test('a new broker gets its share of copies and of leaderships, and a balanced cluster is left alone', async () => {
  const { status, stdout, stderr } = await cluster.run(['cluster', 'balance', '--at-once', '4'])
  assert.equal(status, 0, stderr)
  assert.equal(stdout.toString(), 'Copies per broker: 6. Leaderships per broker: 2.\n')
  assert.match(stderr, /^0 of 6 partitions moved\n(.*\n)*6 of 6 partitions moved\n(\d of \d leaders? moved\n)?$/)
  const { partitions } = await cluster.describe('first')
  assert.ok(partitions.every(({ replicas, isr }) => replicas.length === 3 && isr.length === 3))
  await assertEachLeads(2)
  assert.equal(await cluster.text(['cluster', 'balance']), 'Nothing to move.\n')
})

test('a balance keeps to a throttle, goes on when it is called again, and takes the throttle away in the end', async () => {
  await cluster.text(['topic', 'create', 'heavy', '--partitions', '8', '--replicas', '3'])
  const input = `${'x'.repeat(1000)}\n`.repeat(600)
  for (let n = 0; n < 2; n++) await cluster.text(['produce', 'heavy'], { input })
  await emptyBroker()
  const slow = await cluster.start(['cluster', 'balance', '--throttle', '1000'])
  let isThrottled = false
  for (let attempt = 0; attempt < 40 && !isThrottled; attempt++) {
    isThrottled = /\d+:4/.test(
      (await cluster.describe('heavy')).configs['follower.replication.throttled.replicas'] ?? '',
    )
  }
  assert.ok(isThrottled, 'nothing is throttled')
  await pause(1000)
  assert.equal(slow.child.exitCode, null)
  slow.child.kill('SIGINT')
  await slow.ended
  assert.equal(
    await cluster.text(['cluster', 'balance', '--throttle', '100000000']),
    'Copies per broker: 12. Leaderships per broker: 4.\n',
  )
  const { partitions, configs } = await cluster.describe('heavy')
  assert.ok(partitions.every(({ replicas, isr }) => replicas.length === 3 && isr.length === 3))
  assert.deepEqual(configs, {})
  await assertEachLeads(4)
})

test('leaderships that are where they should not be go back, and programs are told what was done', async () => {
  await cluster.text(['broker', 'drain', '2'])
  const { moved, leaders, brokers } = (await cluster.json(['cluster', 'balance'])) as {
    moved: number
    leaders: number
    brokers: Share[]
  }
  assert.deepEqual([moved, leaders], [0, 4])
  assert.deepEqual(
    brokers,
    [1, 2, 3, 4].map(brokerId => ({ brokerId, holds: 12, leads: 4 })),
  )
  await assertEachLeads(4)
})
