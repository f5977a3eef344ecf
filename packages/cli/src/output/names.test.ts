import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { asTyped, someOf } from './names.ts'

test('of many names the first few are told', () => {
  assert.equal(someOf(['a', 'b', 'c']), 'a, b, c')
  assert.equal(someOf(['a', 'b', 'c', 'd', 'e']), 'a, b, c, and 2 more')
})

test('a shell reads a command line as it was meant', () => {
  assert.equal(asTyped(['odradek', '--data', '/var/lib/odradek']), 'odradek --data /var/lib/odradek')
  const words = ['', 'two words', "it's", '$HOME', 'etcd://a:1,b:2/p', '~', 'a\\b']
  const read = execFileSync('sh', ['-c', `printf '%s\\n' ${asTyped(words)}`]).toString()
  assert.deepEqual(read.split('\n').slice(0, -1), words)
})
