/** The `odradek` command speaks with any Kafka: what it says of the real one, it says of ours. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { BrokerProcess } from '../broker-process.ts'
import { runCommand } from '../command.ts'
import { startOdradek } from '../odradek.ts'
import { startRealKafka } from '../real-kafka.ts'

const main = path.resolve(import.meta.dirname, '../../packages/cli/src/main.ts')

/** In this order, on both brokers; behind a '<', what goes into standard input. */
const commands = [
  'topic list',
  'topic create orders --partitions 3 --config retention.ms=86400000',
  'topic create orders',
  'topic create orders --if-not-exists',
  'topic create bad/name',
  'topic create other --config retention.mss=1',
  'topic create other --config retention.ms=soon',
  'topic create other --replicas 3',
  'topic list --format json',
  'topic describe orders',
  'topic alter orders --partitions 5 --config max.message.bytes=2000000 --unset retention.ms',
  'topic alter orders --partitions 2',
  'topic alter orders --config no.such=1',
  'topic alter absent --partitions 2',
  'topic describe orders --format json',
  'topic describe absent',
  'produce orders --partition 0 --compression gzip <one\ntwo\nthree\n',
  'produce orders --partition 1 --compression snappy --header a=b --key k <four\n',
  'produce orders --partition 2 --compression lz4 --key-delimiter : <k:v\nk:\n',
  'produce orders --partition 3 --compression zstd --empty-as-null <five\n\nsix\n',
  'produce made-on-first-use <x\n',
  'produce orders --partition 7 <x\n',
  'consume orders --exit --partition 0',
  'consume orders --exit --partition 1 --template %k=%s|%h|%o\\n',
  'consume orders --exit --partition 2 --template %k=%s|%S\\n',
  'consume orders --exit --partition 3 --template %o:%s|%S\\n',
  'consume orders --exit --partition 3 --from 1 --count 1 --template %o',
  'consume orders --exit --partition 0 --from -2',
  'consume orders --exit --from end',
  'consume absent --exit',
  'consume made-on-first-use --exit --group readers',
  'consume made-on-first-use --exit --group readers',
  'group list',
  'group describe readers',
  'group describe readers --format json',
  'group describe absent',
  'group reset readers --topic made-on-first-use --to earliest --dry-run',
  'group reset readers --topic made-on-first-use --to earliest',
  'group reset readers --topic absent --to earliest',
  'group reset other --topic orders --to 1',
  'group describe other',
  'group delete other absent',
  'broker list',
  'broker list --format json',
  'cluster health',
  'cluster health --format json',
  'cluster balance --dry-run',
  'cluster balance',
  'broker drain 1',
  'broker drain 9',
  'broker decommission 1 --format json',
  'broker decommission 9',
  'topic delete made-on-first-use absent',
  'topic list',
]

let brokers: [odradek: BrokerProcess, kafka: BrokerProcess]

before(async () => {
  brokers = await Promise.all([startOdradek(), startRealKafka()])
})

after(() => Promise.all((brokers ?? []).map(broker => broker.stop())))

test('every command says of Odradek what it says of Kafka', async () => {
  for (const command of commands) {
    const [odradek, kafka] = await Promise.all(brokers.map(broker => run(command, broker)))
    assert.deepEqual(odradek, kafka, command)
  }
})

async function run(command: string, broker: BrokerProcess) {
  const [args = '', input = ''] = command.split(/ <(.*)/s)
  const line = [main, ...args.split(' '), '--bootstrap', broker.bootstrap]
  const { status, stdout, stderr } = await runCommand(process.execPath, line, { input })
  return { status, stdout: normal(stdout.toString()), stderr: normal(stderr.toString()) }
}

/** Ids and ports are by chance, node numbers as each was set up. */
function normal(text: string): string {
  return text.replaceAll(/(id |"topicId": ")[\w-]{22}/g, '$1ID').replaceAll(/(127\.0\.0\.1:|"port": )\d+/g, '$1PORT')
}
