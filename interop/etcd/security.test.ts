/** etcd with TLS in both directions and with users: who may come in does, and everybody else is told why not. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { createNodePlatform } from '@odradek/platform/node'
import type { EtcdSecurity } from '../../packages/broker/src/metadata/etcd/etcd-client.ts'
import { EtcdStore } from '../../packages/broker/src/metadata/etcd/etcd-store.ts'
import { contents, eventually, put } from '../../packages/broker/src/metadata/metadata-store-contract.ts'
import { mustRun, needProgram } from '../command.ts'
import { startOdradek } from '../odradek.ts'
import { EtcdCluster, type EtcdTls } from './etcd-cluster.ts'

const user = { name: 'odradek', password: 'spool' }
let cluster: EtcdCluster
let tls: Required<NonNullable<EtcdSecurity['tls']>>
let certificates: EtcdTls

before(async () => {
  await needProgram('openssl', 'openssl')
  cluster = await EtcdCluster.start({
    size: 1,
    makeTls: async directory => {
      const files = await makeCertificates(directory)
      certificates = files
      tls = { ca: read(files.ca), cert: read(files.cert), key: read(files.key) }
      return files
    },
  })
  const steps = [
    ['user', 'add', 'root:root'],
    ['user', 'grant-role', 'root', 'root'],
    ['role', 'add', 'odradek'],
    ['role', 'grant-permission', 'odradek', '--prefix=true', 'readwrite', 'ours/'],
    ['user', 'add', `${user.name}:${user.password}`],
    ['user', 'grant-role', user.name, 'odradek'],
    ['auth', 'enable'],
  ]
  for (const step of steps) await cluster.control(step)
})

after(() => cluster?.stop())

function open(security: EtcdSecurity, { prefix = 'ours', callMs = 4000 } = {}): Promise<EtcdStore> {
  const { clock, random } = createNodePlatform()
  const timeouts = { attemptMs: 1000, callMs }
  return EtcdStore.open({ url: `etcd://${cluster.endpoints.join()}/${prefix}`, clock, random, security, timeouts })
}

test('a user with a certificate reads, writes, watches and holds leases, also when etcd has forgotten its token', async () => {
  const store = await open({ tls, user })
  try {
    const heard: string[] = []
    store.watch((await store.read()).revision, ({ changes }) => heard.push(...changes.map(({ key }) => key)))
    const lease = await store.lease(60_000)
    await store.commit(new Map(), [{ ...put('a', '1'), lease }])
    const [member] = cluster.members
    await member?.kill()
    member?.start()
    const passTime = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
    const isBack = async () => (await Promise.allSettled([store.read()]))[0].status === 'fulfilled'
    await eventually({ passTime }, isBack)
    await lease.keepAlive()
    assert.equal((await store.commit(new Map(), [put('b', '1')])).kind, 'committed')
    await eventually({ passTime }, async () => heard.includes('b'))
    assert.deepEqual(await contents(store, call => call), { a: '1', b: '1' })
    assert.deepEqual(heard, ['a', 'b'])
    await lease.revoke()
  } finally {
    await store.close()
  }
})

test('a broker takes its certificates and its password from files', async () => {
  const passwordFile = path.join(cluster.directory, 'password')
  await writeFile(passwordFile, `${user.password}\n`)
  const { ca, cert, key } = certificates
  const broker = await startOdradek({
    options: [
      ...['--cluster', `etcd://${cluster.endpoints.join()}/ours/brokers`],
      ...['--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', key],
      ...['--etcd-user', user.name, '--etcd-password-file', passwordFile],
    ],
  })
  try {
    assert.match(broker.output, /^Node 1 of cluster \S+ serves on /m)
  } finally {
    await broker.stop()
  }
})

test('who may not come in is told why', async () => {
  const cases: [EtcdSecurity, string, RegExp][] = [
    [{ tls, user: { ...user, password: 'wrong' } }, 'ours', /etcd refused.*authentication failed/],
    [{ tls, user }, 'others', /etcd refused.*permission denied/],
    [{ tls }, 'ours', /etcd refused.*(user name is empty|permission denied)/],
    [{ user }, 'ours', /no etcd member .* has answered/],
    [{ tls: { cert: tls.cert, key: tls.key }, user }, 'ours', /certificate/],
    [{ tls: { ca: tls.ca }, user }, 'ours', /no etcd member .* has answered/],
  ]
  for (const [security, prefix, problem] of cases)
    await assert.rejects(open(security, { prefix, callMs: 1200 }), problem)
})

/** An authority, and one certificate of it, which both the member and its client use. */
async function makeCertificates(directory: string): Promise<EtcdTls> {
  const file = (name: string) => path.join(directory, name)
  const make = (args: readonly string[]) => mustRun('openssl', args, { cwd: directory })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await writeFile(file('extensions'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
  await make(['req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2'])
  await make(['req', ...newKey, '-keyout', 'member.key', '-out', 'member.csr', '-subj', '/CN=no-user'])
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions', '-days', '2']
  await make(['x509', '-req', '-in', 'member.csr', ...signed, '-out', 'member.pem'])
  return { ca: file('ca.pem'), cert: file('member.pem'), key: file('member.key') }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
