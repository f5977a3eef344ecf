import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { testCluster } from '../testing/test-cluster.ts'

const cluster = testCluster()

before(async () => {
  await cluster.text(['topic', 'create', 'orders', '-p', '2'])
  for (const partition of ['0', '1']) {
    await cluster.text(['produce', 'orders', '-p', partition], { input: 'a\nb\nc\nd\n' })
  }
  await cluster.text(['consume', 'orders', '--group', 'billing', '--exit'])
})

async function committed(group: string): Promise<unknown> {
  const described = await cluster.json(['group', 'describe', group])
  assert.ok(typeof described === 'object' && described !== null && 'offsets' in described)
  assert.ok(Array.isArray(described.offsets))
  return described.offsets.map(each => each.committed)
}

test('groups are listed and described with their lag', async () => {
  assert.equal(await cluster.text(['group', 'list']), 'GROUP    STATE  PROTOCOL\nbilling  Empty  consumer\n')
  await cluster.text(['produce', 'orders', '-p', '1'], { input: 'e\n' })
  const described = await cluster.text(['group', 'describe', 'billing'])
  assert.match(described, /^billing {2}Empty {2}0 members\n\n/)
  assert.match(described, /^TOPIC {3}PARTITION {2}COMMITTED {2}END {2}LAG {2}CLIENT {2}HOST$/m)
  assert.match(described, /^orders {10}0 {10}4 {4}4 {4}0 {7}- {5}-$/m)
  assert.match(described, /^orders {10}1 {10}4 {4}5 {4}1 {7}- {5}-$/m)
  const other = await cluster.json(['group', 'list'])
  assert.deepEqual(other, [{ groupId: 'billing', protocolType: 'consumer', state: 'Empty' }])
})

test('a group with a member shows it, and is neither reset nor deleted', async () => {
  const reader = await cluster.start(['consume', 'orders', '--group', 'live', '--template', '%o\\n'])
  await reader.stdoutHas(/4\n/)
  const described = await cluster.text(['group', 'describe', 'live'])
  assert.match(described, /^live {2}Stable {2}1 member\b/)
  assert.match(described, /odradek-cli {2}127\.0\.0\.1$/m)
  assert.match(await cluster.refusal(1, ['group', 'delete', 'live']), /NON_EMPTY_GROUP/)
  const reset = ['group', 'reset', 'live', '--topic', 'orders', '--to', 'earliest']
  assert.match(await cluster.refusal(1, reset), /'live' has members: stop them first/)
  reader.child.kill('SIGINT')
  assert.equal((await reader.ended).status, 0)
  assert.deepEqual(await committed('live'), [4, 5])
})

test('offsets are reset to every kind of place', async () => {
  const reset = (group: string, topic: string, to: string) => ['group', 'reset', group, '--topic', topic, '--to', to]
  assert.equal(
    await cluster.text(reset('moved', 'orders', 'latest')),
    'TOPIC   PARTITION  NEW OFFSET\norders          0           4\norders          1           5\n',
  )
  const places: [topic: string, to: string, expected: readonly number[]][] = [
    ['orders', '-2', [2, 3]],
    ['orders:1', '+1', [2, 4]],
    ['orders:0,1', '3', [3, 3]],
    ['orders', '+100', [4, 5]],
    ['orders', '-100', [0, 0]],
    ['orders', '2036-01-01', [4, 5]],
    ['orders', '2001-01-01T00:00:00Z', [0, 0]],
    ['orders', 'latest', [4, 5]],
    ['orders', 'earliest', [0, 0]],
  ]
  for (const [topic, to, expected] of places) {
    await cluster.text(reset('moved', topic, to))
    assert.deepEqual(await committed('moved'), expected, `${topic} to ${to}`)
  }
  const dry = await cluster.run([...reset('moved', 'orders', 'latest'), '--dry-run'])
  assert.match(dry.stdout.toString(), /^orders +1 +5$/m)
  assert.match(dry.stderr, /Nothing was changed/)
  assert.deepEqual(await committed('moved'), [0, 0])
})

test('a reset that cannot be is refused and changes nothing', async () => {
  const refusals: [exitCode: number, command: string, words: RegExp][] = [
    [2, 'reset billing --topic orders --to somewhere', /earliest, latest.*'somewhere'/],
    [2, 'reset billing --topic orders:7 --to latest', /no partition orders:7/],
    [2, 'reset billing --topic orders:x --to latest', /'orders:x' is not TOPIC/],
    [2, 'reset fresh --topic orders --to +1', /fresh has committed no offset of orders/],
    [2, 'reset billing --to latest', /--topic/],
    [1, 'reset billing --topic nope --to latest', /topic 'nope' does not exist/],
    [1, 'describe nope', /'nope' does not exist \(GROUP_ID_NOT_FOUND\)/],
    [1, 'delete nope', /'nope'.*GROUP_ID_NOT_FOUND/],
  ]
  for (const [exitCode, command, words] of refusals) {
    assert.match(await cluster.refusal(exitCode, ['group', ...command.split(' ')]), words)
  }
  assert.deepEqual(await committed('billing'), [4, 4])
})

test('groups are deleted', async () => {
  for (const group of ['gone-1', 'gone-2']) {
    await cluster.text(['group', 'reset', group, '--topic', 'orders', '--to', 'latest'])
  }
  assert.equal(
    await cluster.text(['group', 'delete', 'gone-1', 'gone-2']),
    'Deleted group gone-1.\nDeleted group gone-2.\n',
  )
  assert.match(await cluster.refusal(1, ['group', 'describe', 'gone-1']), /GROUP_ID_NOT_FOUND/)
})
