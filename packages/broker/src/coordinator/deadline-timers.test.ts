import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { DeadlineTimers } from './deadline-timers.ts'

function setUp() {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('broker')
  machine.clockFaults.latenessMsMax = 0
  const due: string[] = []
  const timers = new DeadlineTimers<string>(machine.platform.clock, input =>
    due.push(`${input} at ${simulation.nowMs}`),
  )
  return { simulation, timers, due }
}

test('a deadline that is moved to later fires once, at the later time, with the later input', async () => {
  const { simulation, timers, due } = setUp()
  timers.set('k', 100, 'first')
  await simulation.run(50)
  timers.set('k', 100, 'second')
  await simulation.run(1_000)
  assert.deepEqual(due, ['second at 150'])
  assert.equal(timers.size, 0)
})

test('a deadline can be moved to earlier', async () => {
  const { simulation, timers, due } = setUp()
  timers.set('k', 100, 'first')
  timers.set('k', 10, 'second')
  await simulation.run(1_000)
  assert.deepEqual(due, ['second at 10'])
})

test('a cancelled timer stays silent, and its key can be used again', async () => {
  const { simulation, timers, due } = setUp()
  timers.set('k', 100, 'first')
  timers.cancel('k')
  timers.set('k', 200, 'second')
  timers.set('other', 10, 'other')
  await simulation.run(50)
  timers.clear()
  await simulation.run(1_000)
  assert.deepEqual(due, ['other at 10'])
})

test('a deadline that moves while its timer is late does not fire', async () => {
  const { simulation, timers, due } = setUp()
  timers.set('k', 100, 'first')
  // As when a heartbeat waits in a socket behind the timer of its session.
  simulation.at(100, () => timers.set('k', 100, 'second'))
  await simulation.run(1_000)
  assert.deepEqual(due, ['second at 200'])
})
