import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, readSource } from './source.ts'

test('comments and texts are not code, and positions stay', () => {
  const text = "a('b // c') // d\n/* e\nf */ g(`h $" + "{i('}')} j $" + '{`k $' + '{l}`} m`)'
  const { code, comments } = readSource(text)
  assert.equal(code.length, text.length)
  assert.deepEqual(code.match(/\w+/g), ['a', 'g', 'i', 'l'])
  assert.deepEqual(comments.match(/\w+/g), ['d', 'e', 'f'])
  assert.equal(code.split('\n').length, 3)
})

test('quotes in regular expressions open no text, and divisions are no regular expressions', () => {
  const { code } = readSource("x.match(/['\"`/]/[0]) + a / b / c['d'] + (1) / e\nreturn /[']/.test(f)")
  assert.deepEqual(code.match(/\w+/g), ['x', 'match', '0', 'a', 'b', 'c', '1', 'e', 'return', 'test', 'f'])
})

test('imports are found in all their forms', () => {
  const source = readSource(`
import a, { type b } from 'one'
import type { c } from "two"
import {
  d,
} from 'three'
export * from 'four'
export type { e } from 'five'
import 'six'
const f = await import('seven')
process.getBuiltinModule('eight')
// import 'no'
const g = "import 'no'"
`)
  const found = importsOf(source).map(({ specifier, isTypeOnly }) => `${specifier}${isTypeOnly ? ' type' : ''}`)
  assert.deepEqual(found, ['one', 'two type', 'three', 'four', 'five type', 'six', 'seven', 'eight'])
})
