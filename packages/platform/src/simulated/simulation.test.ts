import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '../platform.ts'
import { createSimulation } from './simulation.ts'

/** A little of everything: echoing with faults, timers, files, a crash and a power loss. */
async function history(seed: number): Promise<string> {
  const simulation = createSimulation({ seed })
  simulation.network.faults.stall = 0.05
  const serve = async ({ network, disk }: Platform) => {
    const file = disk.openSync('/log')
    await network.listen({ host: '0.0.0.0', port: 9092 }, connection =>
      connection.handle({
        onData: async chunk => {
          await file.write([chunk], file.size)
          if (chunk.length % 2 === 0) await file.sync()
          connection.write([chunk])
        },
        onDrain: () => {},
        onClose: () => {},
      }),
    )
  }
  const drive = ({ network, clock, random }: Platform) => {
    const attempt = async () => {
      try {
        const connection = await network.connect({ host: 'server', port: 9092, timeoutMs: 500 })
        connection.handle({ onData: () => {}, onDrain: () => {}, onClose: () => clock.after(20, attempt) })
        const talk = () => {
          connection.write([random.bytes(1 + random.integer(2000))])
          clock.after(random.integer(50), talk)
        }
        talk()
      } catch {
        clock.after(100, attempt)
      }
    }
    void attempt()
  }
  await simulation.settle(serve(simulation.platform('server')))
  for (const name of ['one', 'two']) drive(simulation.platform(name))
  await simulation.runFor(2000)
  simulation.machine('server').crash()
  await simulation.runFor(500)
  await simulation.settle(serve(simulation.machine('server').restart()))
  await simulation.runFor(1000)
  simulation.machine('server').powerLoss()
  simulation.machine('server').restart()
  const { disk } = simulation.platform('server')
  disk.openSync('/log').readSync(Buffer.alloc(1000), 0)
  return simulation.traceHash
}

test('one seed has one history, another seed another', async () => {
  const first = await history(7)
  assert.equal(await history(7), first)
  assert.notEqual(await history(8), first)
})

test('time passes in no time, in order, and only while it is run', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('a')
  const startMs = clock.now()
  const fired: number[] = []
  for (const delayMs of [3_600_000, 10, 0, 86_400_000, 10]) clock.after(delayMs, () => fired.push(delayMs))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(fired, [])
  await simulation.runFor(7_200_000)
  assert.deepEqual(fired, [0, 10, 10, 3_600_000])
  assert.equal(clock.now() - startMs, 7_200_000)
})

test('all microtasks drain between two events', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('a')
  const seen: string[] = []
  clock.soon(async () => {
    for (let hop = 0; hop < 500; hop++) await null
    seen.push('first')
  })
  clock.soon(() => seen.push('second'))
  await simulation.runFor(1)
  assert.deepEqual(seen, ['first', 'second'])
})

test('a cancelled timer never comes, and neither do those of a dead process', async () => {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('a')
  const { clock } = machine.platform
  const seen: string[] = []
  clock.after(10, () => seen.push('cancelled')).cancel()
  clock.after(10, () => seen.push('of the dead'))
  machine.crash()
  machine.restart().clock.after(10, () => seen.push('of the living'))
  await simulation.runFor(100)
  assert.deepEqual(seen, ['of the living'])
})

test('a timer is not early, however the wall clock jumps', async () => {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('a')
  const { clock } = machine.platform
  const deadlineMs = clock.monotonic() + 100
  let firedMs = 0
  clock.after(100, () => {
    firedMs = clock.monotonic()
  })
  const wallMs = clock.now()
  machine.clockFaults.skewMs = -5000
  assert.equal(clock.now(), wallMs - 5000)
  await simulation.runFor(1000)
  assert.ok(firedMs >= deadlineMs && firedMs < deadlineMs + 2)
})

test('an error in an event ends the run with it', async () => {
  const simulation = createSimulation({ seed: 1 })
  simulation.platform('a').clock.soon(() => {
    throw new Error('a bug')
  })
  await assert.rejects(simulation.runFor(1), /a bug/)
})

test('waiting for what never happens fails with the seed', async () => {
  const simulation = createSimulation({ seed: 42 })
  await assert.rejects(simulation.settle(new Promise(() => {})), /seed 42/)
})

test('a process that dies in the middle of a call leaves nothing behind that fails the test', async () => {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('a')
  const { clock, disk } = machine.platform
  machine.dieAtDiskCall(1, 'crash')
  clock.soon(async () => {
    disk.makeDirectorySync('/a')
  })
  clock.soon(() => disk.makeDirectorySync('/b'))
  await simulation.runFor(1)
  assert.equal(machine.isUp, false)
  assert.deepEqual(machine.restart().disk.listSync('/'), [])
})
