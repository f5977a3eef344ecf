import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createProgram } from './program.ts'
import { runOdradek } from './testing/run-odradek.ts'

async function text(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runOdradek(args)
  assert.equal(status, 0, stderr)
  return stdout.toString()
}

test('every command has a description, and help with an example where it takes something', () => {
  const all = [createProgram()].flatMap(function deep(command): ReturnType<typeof createProgram>[] {
    return [command, ...command.commands.flatMap(deep)]
  })
  for (const command of all) {
    assert.ok(command.description().length > 10, command.name())
    let help = ''
    command.configureOutput({ writeOut: words => (help += words) })
    command.outputHelp()
    if (command.registeredArguments.length > 0 || command.name() === 'start')
      assert.match(help, /\nExamples?:\n {2}.*odradek /, command.name())
    assert.doesNotMatch(help, /default: (-1|\{\}|\[\])/)
  }
})

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  assert.equal(await text('--version'), `${version}\n`)
})

test('a command line that says nothing, or nothing known, ends with 2', async () => {
  const nothing = await runOdradek([])
  assert.equal(nothing.status, 2)
  assert.match(nothing.stderr, /^Usage: odradek /)
  const unknown = await runOdradek(['strat'])
  assert.equal(unknown.status, 2)
  assert.equal(unknown.stderr, "odradek: unknown command 'strat' (Did you mean start?) (see odradek --help)\n")
})

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the completion script for ${shell} is one`, async () => {
    const script = await text('complete', shell)
    assert.match(script, /odradek complete -- /)
    // Where the shell is installed it must also be able to read it.
    const check = spawnSync(shell, ['-n'], { input: script })
    if (check.error === undefined) assert.equal(check.status, 0, check.stderr.toString())
  })
}

test('completion knows commands, options and their values', async () => {
  assert.match(await text('complete', '--', 'topic', 'c'), /^create\t/)
  assert.match(await text('complete', '--', 'consume', 't', '--f'), /^--format\t.*\n--from\t/)
  assert.match(await text('complete', '--', 'produce', 't', '--compression', ''), /^none\t\ngzip\t/)
})
