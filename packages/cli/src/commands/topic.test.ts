import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCluster } from '../testing/test-cluster.ts'

const cluster = testCluster()

test('a cluster without topics lists none and says how to make one', async () => {
  const { status, stdout, stderr } = await cluster.run(['topic', 'list'])
  assert.equal(status, 0)
  assert.equal(stdout.toString(), '')
  assert.match(stderr, /odradek topic create/)
  assert.deepEqual(await cluster.json(['topic', 'list']), [])
})

test('a topic is created, listed, described, altered and deleted', async () => {
  const create = ['topic', 'create', 'orders', '--partitions', '3', '--config', 'retention.ms=60000']
  assert.equal(await cluster.text([...create, '-c', 'segment.bytes=1048576']), 'Created topic orders.\n')
  assert.equal(await cluster.text(['topic', 'list']), 'TOPIC   PARTITIONS  REPLICAS\norders           3         1\n')
  assert.deepEqual(await cluster.json(['topic', 'list']), [{ name: 'orders', partitions: 3, replicas: 1 }])

  const described = await cluster.text(['topic', 'describe', 'orders'])
  assert.match(described, /^orders {2}3 partitions {2}id [\w-]{22}\n\n/)
  assert.match(described, /^PARTITION {2}LEADER {2}EPOCH {2}REPLICAS {2}IN SYNC {2}START {2}END$/m)
  assert.match(described, /^ {8}2 {7}1 {6}0 {2}1 {9}1 {12}0 {4}0$/m)
  assert.match(described, /^SETTING {8}VALUE\nretention\.ms {3}60000\nsegment\.bytes {2}1048576\n$/m)

  const alter = ['topic', 'alter', 'orders', '-p', '5', '-c', 'retention.ms=1000', '-u', 'segment.bytes']
  assert.equal(await cluster.text(alter), 'Altered topic orders.\n')
  const altered = await cluster.json(['topic', 'describe', 'orders'])
  assert.ok(typeof altered === 'object' && altered !== null && 'partitions' in altered && 'configs' in altered)
  assert.deepEqual(altered.configs, { 'retention.ms': '1000' })
  assert.deepEqual(Array.isArray(altered.partitions) && altered.partitions.at(-1), {
    index: 4,
    leader: 1,
    leaderEpoch: 0,
    replicas: [1],
    isr: [1],
    startOffset: 0,
    endOffset: 0,
  })
  assert.match(await cluster.text(['topic', 'describe', 'orders', '--all-configs']), /^cleanup\.policy +delete$/m)

  assert.equal(await cluster.text(['topic', 'delete', 'orders']), 'Deleted topic orders.\n')
  assert.deepEqual(await cluster.json(['topic', 'list']), [])
})

test('a topic that is there already is a failure, unless that is fine', async () => {
  assert.deepEqual(await cluster.json(['topic', 'create', 'twice']), { name: 'twice', created: true })
  assert.match(
    await cluster.refusal(1, ['topic', 'create', 'twice']),
    /'twice' already exists.*\(TOPIC_ALREADY_EXISTS\)$/,
  )
  assert.deepEqual(await cluster.json(['topic', 'create', 'twice', '--if-not-exists']), {
    name: 'twice',
    created: false,
  })
})

test('what is not there or cannot be is told with its name', async () => {
  await cluster.text(['topic', 'create', 'narrow', '-p', '2'])
  const refusals: [exitCode: number, command: string, words: RegExp][] = [
    [1, 'describe nope', /topic 'nope' does not exist/],
    [1, 'delete nope', /topic 'nope' does not exist/],
    [1, 'alter nope -p 3', /topic 'nope' does not exist/],
    [1, 'alter nope -c retention.ms=1', /topic 'nope' does not exist/i],
    [1, 'alter narrow -p 1', /narrow.*2/],
    [1, 'alter narrow -c retention.ms=soon', /retention\.ms/],
    [1, 'create x -c retention.mss=1', /retention\.mss/],
    [1, 'create a/b', /'a\/b'/],
    [1, 'create x -r 3', /replicat/i],
    [2, 'alter narrow', /give --partitions, --config or --unset/],
    [2, 'create x -p 0', /whole number of at least 1/],
    [2, 'create x -c retention.ms', /KEY=VALUE/],
    [2, 'create', /missing required argument 'name'/],
    [2, 'creat x', /unknown command 'creat' \(Did you mean create\?\)/],
    [2, 'list --formt json', /unknown option '--formt'/],
    [2, 'list --format xml', /text, json/],
    [2, 'list --bootstrap a:b:c', /'a:b:c' is not HOST:PORT/],
  ]
  for (const [exitCode, command, words] of refusals) {
    assert.match(await cluster.refusal(exitCode, ['topic', ...command.split(' ')]), words)
  }
})

test('without a broker every command says so at once', async () => {
  for (const command of ['topic list', 'group list', 'produce t', 'consume t', 'consume t --group g']) {
    const nobody = [...command.split(' '), '--bootstrap', '127.0.0.1:1']
    assert.match(await cluster.refusal(1, nobody), /cannot connect to 127\.0\.0\.1:1: .*Start one with: odradek start$/)
  }
})

test('a reader that has seen enough is no failure', async () => {
  const many = await cluster.start(['topic', 'describe', 'narrow', '--all-configs'])
  many.child.stdout?.destroy()
  const { status, stderr } = await many.ended
  assert.equal(status, 0)
  assert.equal(stderr, '')
})
