/**
 * Makes the npm package `odradek` from the workspace: every module with its types stripped to JavaScript, declarations beside
 * it, and our own packages bundled inside, so that one install brings all. Development needs none of this.
 *
 *   npm run pack            dist/odradek-VERSION.tgz
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Manifest {
  name: string
  version: string
  description?: string
  license: string
  engines?: Record<string, string>
  exports: Record<string, string>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const build = `${root}dist/build`
const stage = `${root}dist/odradek`
/** What `odradek` brings along, inside its own node_modules. */
const bundled = ['protocol', 'platform', 'client', 'cli']

rmSync(`${root}dist`, { recursive: true, force: true })
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tools/tsconfig.build.json`], {
  stdio: 'inherit',
})

const broker = readManifest('broker')
const manifests = new Map(bundled.map(folder => [folder, readManifest(folder)]))
const external: Record<string, string> = {}
for (const manifest of [broker, ...manifests.values()]) {
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
    if (name !== 'odradek' && !name.startsWith('@odradek/')) external[name] = version
  }
}

stagePackage('broker', stage, {
  ...compiled(broker),
  bin: { odradek: 'bin/odradek.js' },
  dependencies: {
    ...external,
    ...Object.fromEntries(Array.from(manifests.values(), each => [each.name, each.version])),
  },
  bundleDependencies: Array.from(manifests.values(), each => each.name),
})
for (const [folder, manifest] of manifests) {
  stagePackage(folder, `${stage}/node_modules/${manifest.name}`, { ...compiled(manifest), dependencies: {} })
}
mkdirSync(`${stage}/bin`)
writeFileSync(`${stage}/bin/odradek.js`, launcher())
chmodSync(`${stage}/bin/odradek.js`, 0o755)
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) copyFileSync(`${root}${file}`, `${stage}/${file}`)
execFileSync('npm', ['pack', '--silent', '--pack-destination', `${root}dist`], { cwd: stage, stdio: 'inherit' })

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8'))
}

/** The manifest with its entries pointing at the JavaScript. */
function compiled(manifest: Manifest): object {
  const entry = (path: string) => path.replace('./src/', './dist/').replace(/\.ts$/, '')
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([name, path]) => [
      name,
      { types: `${entry(path)}.d.ts`, default: `${entry(path)}.js` },
    ]),
  )
  const { name, version, license, description, engines } = manifest
  return { name, version, description, license, type: 'module', engines, exports }
}

/** Older runtimes would fail somewhere in the middle, with words that help nobody. */
function launcher(): string {
  return `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) {
  await import('@odradek/cli/main')
} else {
  console.error('odradek: needs Node 22.18 or later; this is ' + process.version)
  process.exitCode = 1
}
`
}

/** As tools/tidy.test.ts tells them apart. */
function isForTests(path: string): boolean {
  return /\/(testing|fixtures)(\/|$)|\/test-[^/]*$|-contract\.|\/scripted-broker\.|\.test\./.test(path)
}

function stagePackage(folder: string, target: string, manifest: object): void {
  mkdirSync(target, { recursive: true })
  cpSync(`${build}/${folder}/src`, `${target}/dist`, {
    recursive: true,
    filter: path => !isForTests(path),
  })
  writeFileSync(`${target}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
}
