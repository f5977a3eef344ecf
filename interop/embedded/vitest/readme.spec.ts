import { type RunningBroker, startBroker } from 'odradek'
import { afterAll, beforeAll, expect, test } from 'vitest'

let kafka: RunningBroker
beforeAll(async () => {
  kafka = await startBroker({ config: { 'num.partitions': 3 } })
})
afterAll(() => kafka.stop())

test('there is a broker', () => expect(kafka.port).toBeGreaterThan(0))
