/** The clients of the matrix, and how each gets onto this machine. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from '../cache.ts'
import { installPackages, mustRun, needProgram } from '../command.ts'
import { kafkaClasspath, kafkaVersion, needJava, needJavaCompiler, toolJvmOptions } from '../kafka-jars.ts'

export interface ClientLaunch {
  readonly program: string
  /** The address of the broker follows as the last argument. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const here = import.meta.dirname

/** Each prepares its client (cached) and says how to start its program. */
export const clients: Readonly<Record<string, () => Promise<ClientLaunch>>> = {
  async kcat() {
    await needProgram('kcat', 'kcat')
    return nodeProgram('kcat.ts')
  },
  async 'java clients'() {
    await needJavaCompiler()
    const source = path.join(here, 'java/Driver.java')
    const classes = await cached(`java-driver-${await hashOf(source)}-${kafkaVersion}`, async directory => {
      await mustRun('javac', ['-d', directory, '-cp', await kafkaClasspath(), source])
    })
    const classpath = [classes, await kafkaClasspath()].join(path.delimiter)
    return { program: await needJava(), args: [...toolJvmOptions, '-cp', classpath, 'Driver'] }
  },
  async 'console tools'() {
    return nodeProgram('console.ts')
  },
  async kafkajs() {
    return nodeProgram('kafkajs.ts')
  },
  async '@platformatic/kafka'() {
    return nodeProgram('platformatic.ts')
  },
  async '@confluentinc/kafka-javascript'() {
    return nodeProgram('confluent.ts', { ODRADEK_CONFLUENT_MODULES: await confluentModules() })
  },
  async 'kafka-python'() {
    const requirements = path.join(here, 'python/requirements.txt')
    await needProgram('python3', 'python3', 'python3-venv')
    const environment = await cached(`python-${await hashOf(requirements)}`, async directory => {
      await mustRun('python3', ['-m', 'venv', '--copies', directory])
      const pip = path.join(directory, 'bin/python3')
      await mustRun(pip, ['-m', 'pip', 'install', '-q', '-r', requirements], { timeoutMs: 600_000 })
    })
    return { program: path.join(environment, 'bin/python3'), args: [path.join(here, 'python/driver.py')] }
  },
  async 'franz-go'() {
    const source = path.join(here, 'go')
    await needProgram('go', 'golang-go')
    const names = ['go.mod', 'go.sum', 'main.go']
    const hash = await hashOf(...names.map(name => path.join(source, name)))
    const built = await cached(`go-driver-${hash}`, async directory => {
      // From 1.21 on, Go fetches the very toolchain that go.mod asks for.
      await mustRun('go', ['build', '-o', directory, '.'], { cwd: source, timeoutMs: 900_000 })
    })
    return { program: path.join(built, 'client'), args: [] }
  },
}

function nodeProgram(file: string, env: Readonly<Record<string, string>> = {}): ClientLaunch {
  return { program: process.execPath, args: [path.join(here, file)], env: { NODE_NO_WARNINGS: '1', ...env } }
}

async function hashOf(...files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  return hash.digest('hex').slice(0, 12)
}

const confluentVersion = '1.10.1'

/**
 * Confluent's client is native code for one version of Node. Its install script downloads a binary from GitHub; where
 * that fails, it is built from its sources against this machine's OpenSSL, zstd and curl, with the headers that come
 * with the Node that runs us. It is no dependency in package.json because `npm ci` must not need a compiler.
 */
function confluentModules(): Promise<string> {
  return cached(`confluent-${confluentVersion}-${process.version}`, async directory => {
    const npm = await needProgram('npm', 'npm')
    await writeFile(path.join(directory, 'package.json'), '{ "private": true }\n')
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      mustRun(npm, args, { cwd: directory, env: { ...pinnedNode(), ...env }, timeoutMs: 1_800_000 })
    const name = `@confluentinc/kafka-javascript`
    await run(['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${confluentVersion}`])
    const modules = path.join(directory, 'node_modules')
    const install = path.join(modules, '.bin/node-pre-gyp')
    const cwd = path.join(modules, name)
    try {
      await mustRun(install, ['install'], { cwd, env: pinnedNode(), timeoutMs: 120_000 })
    } catch {
      await buildConfluent(install, cwd)
    }
  })
}

async function buildConfluent(install: string, cwd: string): Promise<void> {
  await needProgram('g++', 'g++', 'make', 'python3')
  const headers = ['curl/curl.h', 'openssl/ssl.h', 'zstd.h', 'zlib.h']
  const present = headers.filter(header =>
    ['/usr/include', '/usr/include/x86_64-linux-gnu', '/usr/include/aarch64-linux-gnu', '/usr/local/include'].some(
      directory => existsSync(path.join(directory, header)),
    ),
  )
  if (present.length < headers.length) {
    await installPackages('libcurl4-openssl-dev', 'libssl-dev', 'libzstd-dev', 'zlib1g-dev', 'pkg-config')
  }
  // The static build fetches and compiles OpenSSL and others; the dynamic one takes the system's.
  const env = { ...pinnedNode(), CKJS_LINKING: 'dynamic', MAKEFLAGS: '-j2', ...nodeHeaders() }
  await mustRun(install, ['install', '--build-from-source'], { cwd, env, timeoutMs: 1_800_000 })
}

/** The npm package `node` carries the headers of its version, so that nothing has to be downloaded. */
function nodeHeaders(): Record<string, string> {
  const root = path.resolve(path.dirname(process.execPath), '..')
  const candidates = [root, path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`)]
  const found = candidates.find(candidate => existsSync(path.join(candidate, 'include/node/node.h')))
  return found === undefined ? {} : { npm_config_nodedir: found }
}

/** Programs that are started by name find the Node that runs us, not one that the machine happens to have. */
function pinnedNode(): Record<string, string> {
  return { PATH: [path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter) }
}
