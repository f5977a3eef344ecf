/** The npm package as a user gets it: packed, installed into an empty project, run by the oldest runtime that it promises and by ours. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { cached } from '../cache.ts'
import { mustRun, runCommand } from '../command.ts'
import { freePort } from '../ports.ts'

const root = path.resolve(import.meta.dirname, '../..')
const oldestNode = '22.18.0'
let project = ''

before(async () => {
  await mustRun(process.execPath, ['tools/pack.ts'], { cwd: root })
  const { version } = JSON.parse(await readFile(path.join(root, 'packages/broker/package.json'), 'utf8'))
  const { devDependencies } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  project = await mkdtemp(path.join(tmpdir(), 'odradek-package-'))
  await writeFile(path.join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const wanted = [path.join(root, `dist/odradek-${version}.tgz`), `@types/node@${devDependencies['@types/node']}`]
  await mustRun('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: project, timeoutMs: 300_000 })
})

after(() => rm(project, { recursive: true, force: true }))

/** The directory that holds the program `node` of that version. */
async function runtime(version: string): Promise<string> {
  if (version === 'ours') return path.dirname(process.execPath)
  const home = await cached(`node-${version}`, async directory => {
    // The package `node` fetches the program for this machine in an install script.
    await writeFile(path.join(directory, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }')
    await mustRun('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], {
      cwd: directory,
      timeoutMs: 300_000,
    })
  })
  return path.join(home, 'node_modules/node/bin')
}

for (const version of [oldestNode, 'ours']) {
  describe(`on Node ${version === 'ours' ? process.versions.node : version}`, () => {
    let env: Record<string, string> = {}

    before(async () => {
      env = {
        PATH: `${await runtime(version)}${path.delimiter}${process.env.PATH}`,
        NODE_OPTIONS: '',
        NODE_TEST_CONTEXT: '',
      }
    })

    test('it is that runtime', async () => {
      const said = await mustRun('node', ['--version'], { cwd: project, env })
      assert.equal(said.trim(), `v${version === 'ours' ? process.versions.node : version}`)
    })

    test('a program starts and stops a broker without a warning', async () => {
      const program = path.join(project, 'embed.mjs')
      await writeFile(
        program,
        `import { startBroker } from 'odradek'
for (const options of [{}, { data: ${JSON.stringify(path.join(project, `data-${version}`))} }]) {
  const kafka = await startBroker(options)
  console.log(kafka.port > 0)
  await kafka.stop()
}`,
      )
      const { status, stdout, stderr } = await runCommand('node', [program], { cwd: project, env })
      assert.deepEqual([status, stdout.toString(), stderr.toString()], [0, 'true\ntrue\n', ''])
    })

    test('npx odradek starts a broker that its own commands speak with', async () => {
      const address = `127.0.0.1:${await freePort()}`
      const broker = spawn(
        'npx',
        ['odradek', 'start', '--listen', address, '--data', path.join(project, `served-${version}`)],
        {
          cwd: project,
          env: { ...process.env, ...env },
          // A group of its own: npx does not hand a signal on to what it has started.
          detached: true,
        },
      )
      try {
        const said = await Promise.race([once(broker.stdout, 'data'), once(broker, 'exit')])
        assert.match(String(said[0]), new RegExp(`^Odradek serves on ${address}`))
        const command = path.join(project, 'node_modules/.bin/odradek')
        const odradek = (args: string, input = '') =>
          mustRun(command, [...args.split(' '), '--bootstrap', address], { cwd: project, env, input })
        for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
          await odradek(`produce lines --quiet --compression ${codec}`, `${codec}\n`)
        }
        assert.equal(await odradek('consume lines --exit'), 'none\ngzip\nsnappy\nlz4\nzstd\n')
        assert.equal(await odradek('consume lines --exit --group readers --count 2'), 'none\ngzip\n')
        assert.match(await odradek('group describe readers'), /^lines +0 +2 +5 +3 /m)
        assert.match(await odradek('topic list'), /^lines +1 +1$/m)
      } finally {
        if (broker.pid !== undefined) process.kill(-broker.pid, 'SIGTERM')
        if (broker.exitCode === null && broker.signalCode === null) await once(broker, 'exit')
      }
    })
  })
}

test('an older runtime is told which one is needed', async () => {
  const launcher = path.join(project, 'node_modules/odradek/bin/odradek.js')
  const source = await readFile(launcher, 'utf8')
  // What the launcher does on such a runtime, wherever this test runs.
  const pretended = path.join(project, 'old.mjs')
  await writeFile(pretended, source.replace('process.versions.node', "'20.11.1'"))
  const { status, stderr } = await runCommand(process.execPath, [pretended])
  assert.equal(status, 1)
  assert.match(stderr.toString(), /^odradek: needs Node 22\.18 or later; this is v/)
})

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
]) {
  test(`its types hold in a strict TypeScript project that resolves as ${moduleResolution}`, async () => {
    await writeFile(
      path.join(project, 'embed.ts'),
      `import { createLogger, OdradekError, type RunningBroker, startBroker, type StartBrokerOptions } from 'odradek'

const options: StartBrokerOptions = { config: { 'num.partitions': 3 }, logger: await createLogger({ format: 'text', level: 'warn' }) }
const kafka: RunningBroker = await startBroker(options)
export const address: string = kafka.bootstrapServers
// @ts-expect-error the port is a number
export const port: string = kafka.port
await kafka.stop()
try {
  await startBroker({ config: { 'no.such.setting': 1 } })
} catch (error) {
  if (error instanceof OdradekError) console.log(error.code)
}
`,
    )
    const options = { strict: true, noEmit: true, target: 'es2022', types: ['node'], module, moduleResolution }
    await writeFile(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['embed.ts'] }),
    )
    await mustRun(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc')], { cwd: project })
  })
}

test('it holds nothing that only tests need, and no sources twice', async () => {
  const files = await mustRun('find', [path.join(project, 'node_modules/odradek'), '-type', 'f'])
  assert.doesNotMatch(files, /\.test\.|\/testing\/|(?<!\.d)\.ts\n/)
})
