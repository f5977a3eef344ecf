/**
 * The house rules that a machine can check: layers, the outside world, banned calls, dead files, tests that do not run, folders
 * without a word about them. A rule that is in the way is changed here, in a change that says why.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { type Import, importsOf, lineAt, readSource, type Source } from './source.ts'

const root = join(import.meta.dirname, '..')

/**
 * Who may import whom: the first entry whose path begins the file's path counts. A file may always import its own folder and
 * what lies in it. A name without a dot is one of our packages or a folder of broker/src.
 */
const broker = 'packages/broker/src'
const layers: readonly [path: string, mayImport: readonly string[]][] = [
  ['packages/protocol/src', []],
  ['packages/platform/src/memory', ['packages/platform/src']],
  ['packages/platform/src/node', ['packages/platform/src']],
  ['packages/platform/src/simulated', ['packages/platform/src', 'packages/platform/src/memory']],
  ['packages/platform/src', ['packages/platform/src/memory']],
  ['packages/client/src', ['protocol', 'platform']],
  [`${broker}/core`, ['protocol']],
  [`${broker}/log`, ['protocol', 'platform', 'common', 'core']],
  [`${broker}/metadata`, ['protocol', 'platform', 'common', 'core']],
  [`${broker}/security`, ['protocol', 'platform', 'common', 'core']],
  [`${broker}/replication`, ['protocol', 'platform', 'common', 'core', 'log', 'metadata', 'client']],
  [`${broker}/coordinator`, ['protocol', 'platform', 'common', 'core', 'log', 'metadata']],
  [
    `${broker}/server`,
    ['protocol', 'platform', 'common', 'core', 'log', 'metadata', 'replication', 'coordinator', 'security'],
  ],
  [`${broker}/start-broker.ts`, ['protocol', 'platform', '@odradek/platform/node', broker]],
  [`${broker}/import-into-cluster.ts`, ['protocol', 'platform', '@odradek/platform/node', broker]],
  [`${broker}/start-cluster.ts`, ['protocol', 'platform', '@odradek/platform/node', broker]],
  [broker, ['protocol', 'platform', broker]],
  ['packages/cli/src', ['client', 'protocol', 'odradek']],
]

/** Words that every layer of the broker but its core may use: they know nobody. */
const common = [`${broker}/in-parallel.ts`, `${broker}/logger.ts`, `${broker}/odradek-error.ts`]

/** Node's modules that only compute. All others are the outside world, which platform/node alone may touch. */
const harmlessModules = ['node:buffer', 'node:util', 'node:path/posix', 'node:assert/strict', 'node:crypto']

const bannedCalls: readonly [pattern: RegExp, instead: string][] = [
  [/\bDate\.now\b/g, 'clock.now()'],
  [/\bnew Date\(\s*\)/g, 'new Date(clock.now())'],
  [/\bperformance\b/g, 'clock.monotonic()'],
  [/\bprocess\.hrtime\b/g, 'clock.monotonic()'],
  [/\bMath\.random\b/g, 'random.integer()'],
  [
    /\b(?:crypto\.(?:random|getRandom)\w*|randomBytes|randomUUID|randomInt|randomFill\w*|getRandomValues)\b/g,
    'random.bytes()',
  ],
  [/(?<![.\w])(?:setTimeout|setInterval)\b/g, 'clock.after()'],
  [/(?<![.\w])setImmediate\b/g, 'clock.soon()'],
  [/\bAbortSignal\.timeout\b/g, 'clock.after()'],
  [/\bprocess\.env\b/g, 'an option'],
  [/\bprocess\.nextTick\b/g, 'clock.soon()'],
  [/\bWeakRef\b/g, 'an owner who releases'],
  [/\bFinalizationRegistry\b/g, 'an owner who releases'],
  [/(?<![.\w])(?:fetch|WebSocket)\(/g, 'the network'],
]

/** The simulator's scheduler needs one real hop to let microtasks drain; nothing of it reaches the programs. */
const bannedCallsAllowed: Record<string, readonly string[]> = {
  'packages/platform/src/simulated/scheduler.ts': ['process.nextTick', 'setImmediate'],
}

/** What only tests use, besides *.test.ts. */
const testSupport = [/\/testing\//, /\/fixtures\//, /\/test-[^/]*\.ts$/, /-contract\.ts$/]

interface File {
  readonly path: string
  readonly source: Source
  readonly imports: readonly Import[]
}

const sources = ['packages/*/src', 'tools', 'interop', 'bench', 'simulator'].map(folder => `${folder}/**/*.ts`)
const files: File[] = globSync(sources, { cwd: root, exclude: path => path.includes('node_modules') })
  .map(path => path.replaceAll('\\', '/'))
  .sort()
  .map(path => {
    const source = readSource(readFileSync(join(root, path), 'utf8'))
    return { path, source, imports: importsOf(source) }
  })

const production = files.filter(({ path }) => path.startsWith('packages/') && !isForTests(path))
/** The command line is a program of its own, in the real world: it may use all of Node. */
const pure = production.filter(
  ({ path }) => !path.startsWith('packages/cli/') && !path.startsWith('packages/platform/src/node/'),
)

/** What runs in a history: it may import everything of ours, and must be as deterministic as the broker. */
const simulated = files.filter(({ path }) => path.startsWith('simulator/') && !isForTests(path) && !runsSimulator(path))

test('each layer imports only what lies below it', () => {
  const offences: string[] = []
  for (const file of production) {
    const rule = layers.find(([path]) => file.path.startsWith(path))
    if (rule === undefined) {
      offences.push(`${file.path}: no layer is named for it in tools/tidy.test.ts`)
      continue
    }
    for (const one of file.imports) {
      if (!mayImport(file.path, rule, one.specifier)) offences.push(`${file.path}:${one.line} imports ${one.specifier}`)
    }
  }
  none(offences)
})

test('the layers are as DESIGN says', () => {
  const judge = (path: string, specifier: string) => {
    const rule = layers.find(([home]) => path.startsWith(home))
    return rule !== undefined && mayImport(path, rule, specifier)
  }
  const allowed: [string, string][] = [
    [`${broker}/core/group/a.ts`, '../partition/b.ts'],
    [`${broker}/core/group/a.ts`, '@odradek/protocol'],
    [`${broker}/log/a.ts`, '../logger.ts'],
    [`${broker}/server/handlers/a.ts`, '../../replication/b.ts'],
    [`${broker}/broker.ts`, './server/server.ts'],
    [`${broker}/start-broker.ts`, '@odradek/platform/node'],
    ['packages/platform/src/simulated/a.ts', '../memory/tree.ts'],
    ['packages/cli/src/a.ts', 'odradek'],
  ]
  const forbidden: [string, string][] = [
    [`${broker}/core/group/a.ts`, '../../log/b.ts'],
    [`${broker}/core/group/a.ts`, '../../logger.ts'],
    [`${broker}/core/group/a.ts`, '@odradek/platform'],
    [`${broker}/log/a.ts`, '../replication/b.ts'],
    [`${broker}/coordinator/a.ts`, '../replication/b.ts'],
    [`${broker}/server/a.ts`, '../broker.ts'],
    [`${broker}/server/a.ts`, '@odradek/platform/node'],
    [`${broker}/server/a.ts`, '@odradek/client'],
    ['packages/platform/src/simulated/a.ts', '../node/clock.ts'],
    ['packages/platform/src/a.ts', './node/clock.ts'],
    ['packages/protocol/src/a.ts', '@odradek/platform'],
    ['packages/client/src/a.ts', 'odradek'],
  ]
  none(allowed.filter(([path, specifier]) => !judge(path, specifier)).map(one => `refused: ${one.join(' -> ')}`))
  none(forbidden.filter(([path, specifier]) => judge(path, specifier)).map(one => `let through: ${one.join(' -> ')}`))
})

test('only platform/node touches the outside world', () => {
  const offences: string[] = []
  for (const { path, imports } of [...pure, ...simulated]) {
    for (const { specifier, names, line, isTypeOnly } of imports) {
      if (!specifier.startsWith('node:') || isTypeOnly || harmlessModules.includes(specifier)) continue
      // Loads native codecs when they are needed, and nothing else.
      if (specifier === 'node:module' && path === 'packages/protocol/src/compression/native-libraries.ts') continue
      const isCodec = specifier === 'node:zlib' && path.startsWith('packages/protocol/src/compression/')
      // Codecs off the loop end in any order.
      const isSynchronous = names
        .replace(/[{}\s]/g, '')
        .split(',')
        .every(name => /^$|Sync$|^constants$|^crc32$/.test(name))
      if (!isCodec || !isSynchronous) offences.push(`${path}:${line} imports ${names} from ${specifier}`)
    }
  }
  none(offences)
})

test('time, chance and the environment come through the platform', () => {
  const offences: string[] = []
  for (const { path, source } of [...pure, ...simulated]) {
    for (const [pattern, instead] of bannedCalls) {
      for (const match of source.code.matchAll(pattern)) {
        if (bannedCallsAllowed[path]?.includes(match[0])) continue
        offences.push(`${path}:${lineAt(source.code, match.index)} ${match[0]}: use ${instead}`)
      }
    }
  }
  none(offences)
})

test('a package imports only what it declares', () => {
  const offences: string[] = []
  for (const { path, imports } of production) {
    const home = path.split('/').slice(0, 2).join('/')
    const manifest = readManifest(home)
    const declared = new Set([
      manifest.name,
      ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    ])
    for (const { specifier, line } of imports) {
      if (/^(\.|node:)/.test(specifier)) continue
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
      if (!declared.has(name)) offences.push(`${path}:${line} imports ${name}, which ${home}/package.json lacks`)
    }
  }
  none(offences)
})

test('no file is dead', () => {
  const entries = new Set(globSync('packages/*', { cwd: root }).flatMap(home => entriesOf(home.replaceAll('\\', '/'))))
  const used = new Set<string>()
  for (const { path, imports } of files) {
    const subject = path.replace(/\.test\.ts$/, '.ts')
    for (const { specifier } of imports) {
      const target = resolve(path, specifier)
      // To be tested is not to be used, but for what is there for tests.
      if (target !== null && (target !== subject || isForTests(target))) used.add(target)
    }
  }
  const isAlive = (path: string) =>
    used.has(path) || path.endsWith('.test.ts') || [...entries].some(entry => matches(entry, path))
  none(
    files
      .filter(({ path }) => path.startsWith('packages/') && !isAlive(path))
      .map(({ path }) => `${path}: nobody imports it`),
  )
})

test('programs do not import what is there for tests', () => {
  const offences: string[] = []
  for (const { path, imports } of production) {
    for (const { specifier, line } of imports) {
      const target = resolve(path, specifier)
      if (target !== null && isForTests(target)) offences.push(`${path}:${line} imports ${specifier}`)
    }
  }
  none(offences)
})

test('every test runs, and nothing is left to do', () => {
  const offences: string[] = []
  for (const { path, source } of files) {
    if (path.endsWith('.test.ts') || path.endsWith('-contract.ts')) {
      const pattern = /\.(?:skip|only|todo)\b|[{,]\s*(?:skip|only|todo)\s*:/g
      for (const match of source.code.matchAll(pattern)) {
        offences.push(`${path}:${lineAt(source.code, match.index)} ${match[0]}`)
      }
    }
    for (const match of source.comments.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b/g)) {
      offences.push(`${path}:${lineAt(source.comments, match.index)} ${match[0]}`)
    }
  }
  none(offences)
})

test('each folder of src opens with a README', () => {
  const folders = new Set(
    files
      .filter(({ path }) => path.startsWith('packages/') && !/\/(testing|fixtures)\//.test(path))
      .map(({ path }) => dirname(path)),
  )
  none(
    [...folders]
      .filter(folder => !existsSync(join(root, folder, 'README.md')))
      .map(folder => `${folder}/README.md is missing`),
  )
})

function mayImport(path: string, [home, allowed]: readonly [string, readonly string[]], specifier: string): boolean {
  const target = resolve(path, specifier)
  if (target === null) {
    // Other people's packages and Node's modules have rules of their own.
    const ours = /^(?:@odradek\/(\w+)|(odradek))(?:\/|$)/.exec(specifier)
    if (ours === null) return true
    if (specifier.startsWith('@odradek/platform/'))
      return allowed.includes(specifier) || path.startsWith('packages/cli/')
    return allowed.includes(ours[1] ?? ours[2] ?? '')
  }
  if (target.startsWith(home.endsWith('.ts') ? dirname(home) : `${home}/`)) return isOwn(path, home, target, allowed)
  return allowed.some(one => {
    if (one === 'common') return common.includes(target)
    // Of a whole package's folder its own files, not the folders in it, unless they are named themselves.
    if (one.startsWith('packages/')) return dirname(target) === one
    return target.startsWith(`${broker}/${one}/`)
  })
}

/** Within broker/src and platform/src the folders are layers themselves: being inside is not enough. */
function isOwn(path: string, home: string, target: string, allowed: readonly string[]): boolean {
  if (home === 'packages/platform/src') return dirname(target) === home || allowed.includes(dirname(target))
  return path.startsWith(home)
}

/** The path of one of our files that a relative specifier names; null for packages. */
function resolve(path: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier)).replaceAll('\\', '/')
  // Deep imports by a package's pattern of exports keep the folder's name.
  const deep = /^@odradek\/(\w+)\/(.+\.ts)$/.exec(specifier)
  return deep === null ? null : `packages/${deep[1]}/src/${deep[2]}`
}

function isForTests(path: string): boolean {
  return path.endsWith('.test.ts') || testSupport.some(pattern => pattern.test(path))
}

/** Of the simulator the command, its processes, and what puts mutations into them: these live in the real world. */
function runsSimulator(path: string): boolean {
  return /^simulator\/src\/(?:main|worker|worker-pool|mutations\/apply-mutation)\.ts$/.test(path)
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly exports?: unknown
  readonly bin?: unknown
}

function readManifest(home: string): Manifest {
  return JSON.parse(readFileSync(join(root, home, 'package.json'), 'utf8'))
}

/** Paths, with a '*' perhaps, of all that a package offers. */
function entriesOf(home: string): string[] {
  const { exports, bin } = readManifest(home)
  const collect = (value: unknown): string[] => {
    if (typeof value === 'string') return [`${home}/${value.replace(/^\.\//, '')}`]
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(collect) : []
  }
  return [...collect(exports), ...collect(bin)]
}

function matches(entry: string, path: string): boolean {
  const [before = '', after] = entry.split('*')
  return after === undefined ? path === entry : path.startsWith(before) && path.endsWith(after)
}

function none(offences: readonly string[]): void {
  assert.ok(offences.length === 0, `\n${offences.join('\n')}\n`)
}
