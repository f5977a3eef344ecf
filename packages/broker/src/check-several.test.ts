import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk, type Disk } from '@odradek/platform'
import { checkSeveral, type SeveralBrokers } from './check-several.ts'
import { writeTextFile } from './log/text-file.ts'
import { OdradekError } from './odradek-error.ts'

const disk = createMemoryDisk()

function check(changed: Partial<SeveralBrokers>): void {
  const cluster = { url: 'etcd://etcd-1:2379/p' }
  checkSeveral({ disk, count: 3, cluster, config: {}, listen: 'broker-1:9092', data: '/data', ...changed })
}

function refuses(changed: Partial<SeveralBrokers>, words: RegExp): void {
  assert.throws(
    () => check(changed),
    (error: unknown) => error instanceof OdradekError && words.test(`${error.code}: ${error.message}`),
  )
}

function diskWithNode(nodeId: number): Disk {
  const own = createMemoryDisk()
  own.makeDirectorySync('/data')
  const properties = `version=1\ncluster.id=c\nnode.id=${nodeId}\ndirectory.id=d\n`
  writeTextFile(own, '/data/meta.properties', properties)
  return own
}

test('what several brokers can start with is let through', () => {
  for (const listen of ['broker-1:9092', '127.0.0.1:0', '[::1]:9092', 'broker-1:65533']) check({ listen })
  check({ data: null, config: { 'num.partitions': '3', 'log.dirs': '/data' } })
})

test('an address that cannot be all of theirs is refused', () => {
  for (const listen of ['nonsense', 'broker-1', 'broker-1:x', 'broker-1:70000']) refuses({ listen }, /HOST:PORT/)
  refuses(
    { listen: 'broker-1:65534' },
    /^invalid-config: listen has broker-1:65534: there are no 3 ports from there on/,
  )
  for (const listen of ['0.0.0.0:9092', ':9092', '[::]:9092'])
    refuses({ listen }, /all addresses.* as in broker-1:9092/)
})

test('a URL and settings that each of them would refuse are refused once', () => {
  refuses({ cluster: { url: 'http://a/b' } }, /^bad-etcd-url: /)
  refuses({ config: { 'num.partitons': '3' } }, /did you mean num\.partitions/)
  refuses({ config: { 'inter.broker.listener.name': 'INTERNAL' } }, /no listener is called so/)
})

test('the data of one broker are not those of several', () => {
  const own = diskWithNode(4)
  const words = /^one-broker: \/data is the data of node 4: move it to \/data\/broker-1, or choose another directory/
  refuses({ disk: own }, words)
  own.makeDirectorySync('/data/broker-1')
  refuses({ disk: own }, /move it to \/data\/broker-2, or/)
})
