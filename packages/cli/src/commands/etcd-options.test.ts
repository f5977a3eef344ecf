import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runOdradek } from '../testing/run-odradek.ts'
import { clusterAddress, etcdArguments } from './etcd-options.ts'

const scratch = mkdtempSync(join(tmpdir(), 'odradek-etcd-options-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
const cluster = 'etcd://127.0.0.1:1/p'

function file(name: string, text: string): string {
  const path = join(scratch, name)
  writeFileSync(path, text)
  return path
}

test('secrets and certificates come from files', () => {
  assert.equal(clusterAddress({}), undefined)
  assert.deepEqual(clusterAddress({ cluster }), { url: cluster, security: {} })
  assert.deepEqual(clusterAddress({ cluster, etcdTls: true }), { url: cluster, security: { tls: {} } })
  const flags = {
    cluster,
    etcdCa: file('ca', 'CA'),
    etcdCert: file('cert', 'CERT'),
    etcdKey: file('key', 'KEY'),
    etcdUser: 'joe',
    etcdPasswordFile: file('password', 'secret\n'),
  }
  assert.deepEqual(clusterAddress(flags)?.security, {
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY' },
    user: { name: 'joe', password: 'secret' },
  })
})

test('the options are told as they were given', () => {
  const flags = { cluster, etcdTls: true, etcdCa: '/ca', etcdUser: 'joe', etcdPasswordFile: '/password' }
  const expected = `--cluster ${cluster} --etcd-ca /ca --etcd-user joe --etcd-password-file /password --etcd-tls`
  assert.equal(etcdArguments(flags).join(' '), expected)
  assert.deepEqual(etcdArguments({ cluster, etcdTls: false }), ['--cluster', cluster])
})

test('TLS is said or denied, by the option and by the environment', async () => {
  const start = ['start', '--memory', '--listen', '127.0.0.1:0', '--cluster', cluster]
  const cases = [
    [undefined, [], /without TLS/],
    [undefined, ['--etcd-tls'], /with TLS/],
    ['true', [], /with TLS/],
    ['false', [], /without TLS/],
    ['false', ['--etcd-tls'], /with TLS/],
    ['true', ['--etcd-tls', 'false'], /without TLS/],
    ['yes', [], /^odradek: .* 'yes' from env 'ODRADEK_ETCD_TLS' is invalid\. It must be true or false\./],
    ['false', ['--etcd-ca', file('any', '')], /^odradek: --etcd-tls is false, and --etcd-ca/],
  ] as const
  // At once: most of them wait for an etcd that is not there.
  const runs = cases.map(async ([value, option, expected]) => {
    const env = value === undefined ? {} : { ODRADEK_ETCD_TLS: value }
    const { stderr } = await runOdradek([...start, ...option], { env })
    assert.match(stderr, expected)
  })
  await Promise.all(runs)
})

test('what does not fit together is refused with what to give', async () => {
  for (const [args, words] of [
    [['--etcd-cert', 'x'], /--etcd-cert and --etcd-key belong together/],
    [['--etcd-user', 'joe'], /--etcd-user needs a password: in --etcd-password-file, or .* ODRADEK_ETCD_PASSWORD/],
    [['--etcd-password-file', 'x'], /no use without --etcd-user/],
    [['--etcd-ca', '/absent'], /cannot read \/absent \(--etcd-ca\)/],
  ] as const) {
    const { status, stderr } = await runOdradek(['start', '--memory', '--cluster', cluster, ...args])
    assert.equal(status, 2, stderr)
    assert.match(stderr, words)
  }
  const { status, stderr } = await runOdradek(['start', '--memory', '--cluster', 'http://127.0.0.1'])
  assert.equal(status, 2)
  assert.match(stderr, /^odradek: .*does not begin with etcd:\/\//)
})

test('an etcd that is not there is named, with what to look at', async () => {
  const args = ['start', '--memory', '--listen', '127.0.0.1:0', '--cluster', cluster]
  const env = { ODRADEK_ETCD_USER: 'joe', ODRADEK_ETCD_PASSWORD: 'secret' }
  const { status, stderr } = await runOdradek(args, { env })
  assert.equal(status, 1)
  const line = stderr.split('\n').find(text => text.startsWith('odradek: ')) ?? ''
  assert.match(line, /cannot be read from etcd at 127\.0\.0\.1:1, without TLS: .*Look whether etcd runs there/)
  assert.doesNotMatch(stderr, /secret/)
})
