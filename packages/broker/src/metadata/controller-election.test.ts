import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Brokers, ttlMs } from './testing/brokers.ts'

test('of two brokers that race for it one is the controller, and stays it', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const brokers = await Brokers.open(seed)
    const [one, two] = [await brokers.open(1), await brokers.open(2)]
    const controllers: number[] = []
    await brokers.metadata.subscribe(({ controllerId }) => {
      if (controllers.at(-1) !== controllerId) controllers.push(controllerId)
    })
    await brokers.simulation.settle(Promise.all([one.session.start(), two.session.start()]))
    await brokers.simulation.runFor(10 * ttlMs)
    assert.equal(controllers.filter(id => id !== -1).length, 1, `seed ${seed}: ${controllers}`)
    assert.ok([1, 2].includes(brokers.metadata.image.controllerId))
  }
})

test('when the controller is gone another broker becomes it, without a time in which there are two', async () => {
  const brokers = await Brokers.open('takeover')
  const one = await brokers.start(1)
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === 1)
  await brokers.start(2)
  one.kill()
  await brokers.simulation.runFor(ttlMs / 2)
  assert.equal(brokers.metadata.image.controllerId, 1)
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === 2, ttlMs)
})

test('a controller that was cut off stands again when it is back', async () => {
  const brokers = await Brokers.open('back again')
  const one = await brokers.start(1)
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === 1)
  one.link.cut()
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === -1, 2 * ttlMs)
  one.link.heal()
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === 1, 2 * ttlMs)
  await brokers.simulation.settle(one.stop())
  assert.equal(brokers.metadata.image.controllerId, -1)
})
