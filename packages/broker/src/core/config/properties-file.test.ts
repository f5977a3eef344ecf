import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseProperties } from './properties-file.ts'

test('keys end at =, : or a blank; comments and blank lines are passed over', () => {
  const text = '# comment\n! too\n\n a=1\nb : 2\r\nc 3\nd\ne==x\nf=a=b:c\n  log.dirs = /tmp/x  \n'
  assert.deepEqual(parseProperties(text), {
    a: '1',
    b: '2',
    c: '3',
    d: '',
    e: '=x',
    f: 'a=b:c',
    'log.dirs': '/tmp/x  ',
  })
})

test('a backslash joins lines and escapes', () => {
  assert.deepEqual(parseProperties('a=1,\\\n   2,\\\n   3\nb=x\\\\\nc\\ d=\\u0041\\t\\q\\='), {
    a: '1,2,3',
    b: 'x\\',
    'c d': 'A\tq=',
  })
})

test('the last of two values counts', () => {
  assert.deepEqual(parseProperties('a=1\na=2'), { a: '2' })
})

test('any text that is escaped comes back', () => {
  const key = fc.string({ minLength: 1 })
  const escaped = (text: string) =>
    [...text]
      .flatMap(char => char.split(''))
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  fc.assert(
    fc.property(fc.dictionary(key, fc.string(), { noNullPrototype: true }), settings => {
      const text = Object.entries(settings).map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
      assert.deepEqual(parseProperties(text.join('\n')), settings)
    }),
  )
})

test('no text makes it fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => typeof parseProperties(text) === 'object'),
  )
})
