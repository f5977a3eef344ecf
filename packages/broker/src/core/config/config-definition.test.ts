import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bool,
  type ConfigDefinition,
  double,
  int,
  isProblem,
  LONG_MAX,
  list,
  long,
  parseConfig,
  string,
} from './config-definition.ts'
import { between, gzipLevel, listOf, oneOf, throttledReplicas } from './validators.ts'

function parse(definition: ConfigDefinition, text: string) {
  const parsed = parseConfig('x', definition, text)
  return isProblem(parsed) ? parsed.problem : [parsed.value, parsed.text]
}

test('numbers are read as Java reads them, with blanks around and a sign', () => {
  const definition = int(0, 'X.')
  assert.deepEqual(parse(definition, ' +7 '), [7, '7'])
  assert.deepEqual(parse(definition, '-2147483648'), [-2147483648, '-2147483648'])
  for (const text of ['', 'x', '1.0', '1e3', '2147483648', '0x10', '1_000']) {
    assert.equal(parse(definition, text), `Invalid value ${text} for configuration x: Not a number of type INT`)
  }
  assert.equal(parse(long(0, 'X.'), '9223372036854775808').at(0), 'I')
})

test('the largest long keeps its text though no number can hold it', () => {
  assert.deepEqual(parse(long(LONG_MAX, 'X.'), LONG_MAX), [2 ** 63, LONG_MAX])
})

test('doubles are written as Java writes them', () => {
  const definition = double('0', 'X.')
  assert.deepEqual(parse(definition, '0.50'), [0.5, '0.5'])
  assert.deepEqual(parse(definition, '1'), [1, '1.0'])
  assert.deepEqual(parse(definition, '1.7976931348623157E308')[1], '1.7976931348623157E308')
  assert.deepEqual(parse(definition, '0.00001')[1], '1.0E-5')
  assert.equal(parse(definition, 'abc'), 'Invalid value abc for configuration x: Not a number of type DOUBLE')
})

test('booleans come in any case', () => {
  assert.deepEqual(parse(bool(true, 'X.'), 'FALSE'), [false, 'false'])
  assert.equal(
    parse(bool(true, 'X.'), 'yes'),
    'Invalid value yes for configuration x: Expected value to be either true or false',
  )
})

test('lists lose blanks and what stands twice, and may not have empty values', () => {
  const definition = list('', 'X.', { valid: listOf('a', 'b') })
  assert.deepEqual(parse(definition, ' a , b,a'), [['a', 'b'], 'a,b'])
  assert.deepEqual(parse(definition, ''), [[], ''])
  assert.equal(parse(definition, 'a,'), "Configuration 'x' values must not be empty.")
  assert.equal(parse(definition, 'c'), 'Invalid value c for configuration x: String must be one of: a, b')
})

test('checks say what is wanted', () => {
  assert.equal(
    parse(int(1, 'X.', { valid: between(1, 9) }), '10'),
    'Invalid value 10 for configuration x: Value must be no more than 9',
  )
  assert.equal(
    parse(int(1, 'X.', { valid: between(1, 9) }), '0'),
    'Invalid value 0 for configuration x: Value must be at least 1',
  )
  assert.deepEqual(parse(int(1, 'X.', { valid: gzipLevel }), '-1'), [-1, '-1'])
  assert.match(String(parse(int(1, 'X.', { valid: gzipLevel }), '0')), /between 1 and 9 or equal to -1/)
  assert.match(String(parse(string('a', 'X.', { valid: oneOf('a') }), 'A')), /must be one of: a$/)
  assert.deepEqual(parse(list('', 'X.', { valid: throttledReplicas }), '0:1,1:2')[1], '0:1,1:2')
  assert.match(String(parse(list('', 'X.', { valid: throttledReplicas }), '*,1:2')), /must be the literal '\*'/)
})

test('what was read is canonical: reading its text gives the same again', () => {
  const definitions = [
    int(0, 'X.'),
    long(0, 'X.'),
    double('0', 'X.'),
    bool(true, 'X.'),
    list('', 'X.'),
    string('', 'X.'),
  ]
  const texts = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String), fc.bigInt().map(String))
  fc.assert(
    fc.property(texts, fc.constantFrom(...definitions), (text, definition) => {
      const first = parseConfig('x', definition, text)
      if (!isProblem(first)) assert.deepEqual(parseConfig('x', definition, first.text), first)
    }),
  )
})
