import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseScript, shellWords } from './script.ts'

test('words are parted as a shell does', () => {
  assert.deepEqual(shellWords(`a  'b c' "d \\"e" f\\ g h'i'"j" '' "" $x`), [
    ...['a', 'b c', 'd "e', 'f g', 'hij', '', '', '$x'],
  ])
})

test('a line is a command with its input, and may say how to run it', () => {
  const steps = parseScript(`
# What cannot be.
topics --list
write plan.json <<END
{ "a": "b" }

END
sorted console-producer --topic t <<EOF
one
EOF
capture id 'Id: (.+)' topics --describe
start reader console-consumer --topic t
until Stable groups --list
stop reader
`)
  const plain = { kind: 'run', input: '', sorted: false, name: '', pattern: '' }
  assert.deepEqual(steps, [
    { ...plain, line: 3, text: 'topics --list', tool: 'topics', args: ['--list'] },
    { kind: 'write', line: 4, text: 'write plan.json', file: 'plan.json', input: '{ "a": "b" }\n\n' },
    {
      ...plain,
      line: 8,
      text: 'sorted console-producer --topic t',
      tool: 'console-producer',
      args: ['--topic', 't'],
      input: 'one\n',
      sorted: true,
    },
    {
      ...plain,
      kind: 'capture',
      line: 11,
      text: "capture id 'Id: (.+)' topics --describe",
      tool: 'topics',
      args: ['--describe'],
      name: 'id',
      pattern: 'Id: (.+)',
    },
    {
      ...plain,
      kind: 'start',
      line: 12,
      text: 'start reader console-consumer --topic t',
      tool: 'console-consumer',
      args: ['--topic', 't'],
      name: 'reader',
    },
    {
      ...plain,
      kind: 'until',
      line: 13,
      text: 'until Stable groups --list',
      tool: 'groups',
      args: ['--list'],
      pattern: 'Stable',
    },
    { kind: 'stop', line: 14, text: 'stop reader', name: 'reader' },
  ])
})

test('a script that cannot be read names the line', () => {
  assert.throws(() => parseScript('topics --list\nconsole-producer <<END\none\n'), /line 2: the input has no end, END/)
  assert.throws(() => parseScript('until Stable'), /line 1: until Stable: something is missing/)
})
