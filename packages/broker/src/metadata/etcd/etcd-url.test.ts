import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OdradekError } from '../../odradek-error.ts'
import { parseEtcdUrl } from './etcd-url.ts'

test('a URL names members and a prefix', () => {
  const cases: [string, string[], string][] = [
    ['etcd://one:2379/odradek', ['one:2379'], 'odradek'],
    ['etcd://one:1,two:2,[::1]:3/teams/red/', ['one:1', 'two:2', '[::1]:3'], 'teams/red'],
    ['etcd://one/a', ['one:2379'], 'a'],
  ]
  for (const [url, endpoints, prefix] of cases) assert.deepEqual(parseEtcdUrl(url), { endpoints, prefix })
})

test('a URL that cannot be meant is refused with what is wrong', () => {
  const cases: [string, RegExp][] = [
    ['http://one:2379/a', /does not begin with etcd:\/\//],
    ['etcd://one:2379', /names no prefix/],
    ['etcd://one:2379/', /names no prefix/],
    ['etcd:///a', /has "" where a HOST:PORT belongs/],
    ['etcd://one:1,/a', /has "" where a HOST:PORT belongs/],
    ['etcd://one:x/a', /has "one:x" where a HOST:PORT belongs/],
    ['etcd://::1:2379/a', /has "::1:2379" where/],
    ['etcd://one:70000/a', /the port 70000/],
    ['etcd://one:1,one:1/a', /names one:1 twice/],
    ['etcd://one:1/a//b', /an empty part/],
    ['etcd://one:1/a?tls=1', /question mark/],
  ]
  for (const [url, problem] of cases) {
    assert.throws(
      () => parseEtcdUrl(url),
      (error: unknown) =>
        error instanceof OdradekError && problem.test(error.message) && /the form is/.test(error.message),
      url,
    )
  }
})

test('a password in a URL is refused, and not shown', () => {
  assert.throws(
    () => parseEtcdUrl('etcd://root:secret@one:2379/a'),
    (error: unknown) =>
      error instanceof Error && /options of their own/.test(error.message) && !/secret/.test(error.message),
  )
})
