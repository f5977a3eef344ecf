/**
 * Hostile bytes for a minute: every attack of this folder at once, while a client that behaves goes on with its work.
 *
 * ODRADEK_HOSTILE_SECONDS makes it shorter or longer, ODRADEK_HOSTILE_SEED plays a run again (as far as the network
 * lets it), and ODRADEK_HOSTILE_ATTACKS, names with commas, leaves the others out.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startOdradek } from '../odradek.ts'
import { companies } from './attacks.ts'
import { partitionCount, plainTopic, recompressedTopic } from './target.ts'
import { Witness } from './witness.ts'

const seconds = Number(process.env.ODRADEK_HOSTILE_SECONDS ?? 60)
const seed = Number(process.env.ODRADEK_HOSTILE_SEED ?? Date.now() % 1_000_000)
const chosen = (process.env.ODRADEK_HOSTILE_ATTACKS ?? '').split(',').filter(name => name !== '')

/**
 * What the process may take at most. It holds at once: a frame of 60 MB as it grows, a batch of 64 MB as it is unpacked
 * and packed again, 64 MB of the log's tail, some 50 MB of answers on their way; and more than as much again that
 * the runtime has not collected or the allocator has not given back. It does not grow with the length of the attack.
 */
const residentMegabytesMax = 900
/**
 * A round of the client that behaves: what Kafka's clients wait for one request. The attackers share the machine's cores with
 * the broker, so that most of a slow round is waiting for a core.
 */
const roundMsMax = 30_000

test(`lives through ${seconds} seconds of hostile bytes`, { timeout: (seconds + 240) * 1_000 }, async t => {
  t.diagnostic(`seed ${seed}`)
  const broker = await startOdradek()
  try {
    const witness = new Witness(broker.port)
    await witness.createOwnTopic()
    await witness.createTopic(plainTopic, partitionCount)
    await witness.createTopic(recompressedTopic, partitionCount, { 'compression.type': 'zstd' })
    for (let round = 0; round < 100; round++) await witness.round()
    const { pid } = broker
    const idleMegabytes = await residentMegabytes(pid)

    const attackers = companies
      .map(company => company.filter(name => chosen.length === 0 || chosen.includes(name)))
      .filter(company => company.length > 0)
      .map(company => startAttacker(broker.port, company))
    let largest = 0
    const endsAt = performance.now() + seconds * 1_000
    while (performance.now() < endsAt) {
      await witness.round()
      largest = Math.max(largest, await residentMegabytes(pid))
      await sleep(20)
    }
    const report: Report = Object.assign({}, ...(await Promise.all(attackers.map(attacker => attacker.stop()))))
    for (const [name, counts] of Object.entries(report)) t.diagnostic(`${name}: ${JSON.stringify(counts)}`)
    await witness.checkAll()
    t.diagnostic(
      `${witness.acknowledgedCount} records acknowledged and there, the slowest round took ${Math.round(witness.slowestMs)} ms`,
    )
    await sleep(2_000)
    const afterwards = await residentMegabytes(pid)
    t.diagnostic(`memory: ${idleMegabytes} MB before, at most ${largest} MB, ${afterwards} MB afterwards`)

    assert.equal(broker.pid, pid)
    assert.deepEqual(confessions(broker.output), [])
    assert.ok(largest <= residentMegabytesMax, `${largest} MB were resident; the bound is ${residentMegabytesMax} MB`)
    assert.ok(witness.slowestMs <= roundMsMax, `a round took ${witness.slowestMs} ms`)

    witness.close()
    await broker.shutdown()
    await broker.start()
    await witness.checkAll()
    witness.close()
  } finally {
    await broker.stop()
  }
})

/** Lines of the log that only a bug writes: a few of them say all. */
function confessions(log: string): string[] {
  return log
    .split('\n')
    .filter(line => /which is a bug|uncaught/i.test(line))
    .slice(0, 3)
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

type Report = Record<string, Record<string, number>>

/** In a process of its own: its work must not slow down the client that behaves, nor the other attackers. */
function startAttacker(port: number, attacks: readonly string[]): { stop(): Promise<Report> } {
  const program = path.join(import.meta.dirname, 'attacker.ts')
  const child = spawn(process.execPath, [program, String(port), String(seed), ...attacks], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => (code === 0 ? resolve() : reject(new Error(`the attacker ended with ${code}`))))
  })
  ended.catch(() => {})
  return {
    async stop() {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
      await ended
      clearTimeout(timer)
      return JSON.parse(said)
    },
  }
}
