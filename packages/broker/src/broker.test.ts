import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { createBroker } from './broker.ts'
import { silentLogger } from './logger.ts'
import { createTopic, produce } from './server/testing/test-broker.ts'
import { TestClient } from './server/testing/test-client.ts'

async function liveOnce(seed: number): Promise<string> {
  const simulation = createSimulation({ seed })
  const config = { listeners: 'PLAINTEXT://0.0.0.0:9092', 'num.partitions': '2' }
  const start = () =>
    createBroker({ platform: simulation.platform('broker'), config, dataDirectory: '/data', logger: silentLogger })
  const connect = () => TestClient.connect(simulation.platform('client').network, { host: 'broker', port: 9092 })

  const work = async (): Promise<void> => {
    const broker = await start()
    const client = await connect()
    await createTopic(client, 'topic')
    for (let i = 0; i < 10; i++) assert.equal((await produce(client, 'topic')).baseOffset, i)
    await broker.stop()
    const again = await start()
    assert.equal(again.clusterId, broker.clusterId)
    assert.equal((await produce(await connect(), 'topic')).baseOffset, 10)
    await again.stop()
  }
  await simulation.settle(work(), 3_600_000)
  return simulation.traceHash
}

for (const seed of [1, 2, 3]) {
  test(`a broker lives in virtual time, and the same seed gives the same life (seed ${seed})`, async () => {
    assert.equal(await liveOnce(seed), await liveOnce(seed))
  })
}
