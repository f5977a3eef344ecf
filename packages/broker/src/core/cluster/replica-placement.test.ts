import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeReplicas } from './replica-placement.ts'
import { clusterOf } from './testing/cluster-of.ts'

test('there must be as many brokers as copies, and one that lives', () => {
  assert.equal(
    placeReplicas(clusterOf([{ id: 1 }]), { partitions: 1, replicationFactor: 2, seed: 0 }),
    'The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
  )
  assert.match(
    String(placeReplicas(clusterOf([{ id: 1, fenced: true }]), { partitions: 1, replicationFactor: 1, seed: 0 })),
    /^All brokers are currently fenced/,
  )
})

const clusters = fc
  .array(fc.record({ rack: fc.constantFrom('a', 'b', 'c'), fenced: fc.boolean() }), { minLength: 1, maxLength: 9 })
  .map(brokers => brokers.map((broker, index) => ({ ...broker, id: index + 1 })))
  .filter(brokers => brokers.some(({ fenced }) => !fenced))

test('replicas are different brokers on as many racks as can be, and leaders are spread over those that live', () => {
  fc.assert(
    fc.property(clusters, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 }), (brokers, factor, seed, partitions) => {
      const replicationFactor = 1 + (factor % brokers.length)
      const placed = placeReplicas(clusterOf(brokers), { partitions, replicationFactor, seed })
      assert.ok(typeof placed !== 'string')
      const live = brokers.filter(({ fenced }) => !fenced)
      const led = new Map(live.map(({ id }) => [id, 0]))
      const racksOf = (ids: readonly number[]) => new Set(ids.map(id => brokers[id - 1]?.rack))
      for (const replicas of placed) {
        assert.equal(new Set(replicas).size, replicationFactor)
        const [leader = -1] = replicas
        led.set(leader, (led.get(leader) ?? Number.NaN) + 1)
        const liveRacks = racksOf(live.map(({ id }) => id)).size
        assert.ok(racksOf(replicas).size >= Math.min(replicationFactor, liveRacks))
      }
      const counts = [...led.values()]
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
    }),
  )
})
