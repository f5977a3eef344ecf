/** The clients of the matrix, and how each gets onto this machine. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from '../cache.ts'
import { installPackages, mustRun, needProgram } from '../command.ts'
import { compileJava, needJava, toolJvmOptions } from '../kafka-jars.ts'

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
    const classpath = await compileJava('java-driver', path.join(here, 'java/Driver.java'))
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
 * that fails, it is built from its sources against this machine's OpenSSL, zstd and curl. It is no dependency in package.json because `npm ci` must not need a compiler.
 */
function confluentModules(): Promise<string> {
  return cached(`confluent-${confluentVersion}-${process.version}`, async directory => {
    const npm = await needProgram('npm', 'npm')
    const name = '@confluentinc/kafka-javascript'
    const description = { private: true, allowScripts: { [name]: true } }
    await writeFile(path.join(directory, 'package.json'), JSON.stringify(description))
    const common = { cwd: directory, env: pinnedNode() }
    await mustRun(
      npm,
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${confluentVersion}`],
      common,
    )
    const cwd = path.join(directory, 'node_modules', name)
    try {
      await mustRun(path.join(directory, 'node_modules/.bin/node-pre-gyp'), ['install'], { ...common, cwd })
    } catch {
      await buildConfluent(npm, directory)
    }
  })
}

async function buildConfluent(npm: string, cwd: string): Promise<void> {
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
  // The npm package that carries Node's binary for this platform carries its headers too.
  const nodeName = `node-${process.platform}-${process.arch}`
  const env = pinnedNode()
  await mustRun(npm, ['install', '--ignore-scripts', `${nodeName}@${process.versions.node}`], { cwd, env })
  const build = {
    ...env,
    npm_config_nodedir: path.join(cwd, 'node_modules', nodeName),
    // The static build fetches and compiles OpenSSL and others; the dynamic one takes the system's.
    CKJS_LINKING: 'dynamic',
    // Half of the building time is the optimizer's, and nothing here measures this client.
    CFLAGS: '-O0',
    CXXFLAGS: '-O0',
  }
  await mustRun(npm, ['rebuild', '--foreground-scripts'], { cwd, env: build, timeoutMs: 1_800_000 })
}

/** Programs that are started by name find the Node that runs us, not one that the machine happens to have. */
function pinnedNode(): Record<string, string> {
  return { PATH: [path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter) }
}
