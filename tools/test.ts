/**
 * `npm test`: as many files of tests at a time as there are cores. Left to itself, the runner spares one, which is half of a small machine.
 *
 *   npm test -- --test-name-pattern 'high watermark'        the runner's own options
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const files = ['packages/**/*.test.ts', 'tools/**/*.test.ts', 'simulator/**/*.test.ts']
const options = [`--test-concurrency=${availableParallelism()}`, ...process.argv.slice(2)]

const { status } = spawnSync(process.execPath, ['--test', ...options, ...files], { stdio: 'inherit' })
process.exitCode = status ?? 1
