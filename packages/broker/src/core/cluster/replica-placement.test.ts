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

test('topics that are placed one after the other are together as even as one', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 6 }), fc.nat(), (topics, brokers, seed) => {
      const image = clusterOf(Array.from({ length: brokers }, (_, index) => ({ id: index + 1 })))
      const led = Array.from({ length: brokers }, () => 0)
      let placedBefore = 0
      for (const partitions of topics) {
        const placed = placeReplicas(image, { partitions, replicationFactor: 1, seed, placedBefore })
        assert.ok(typeof placed !== 'string')
        for (const [leader = -1] of placed) led[leader - 1] = (led[leader - 1] ?? Number.NaN) + 1
        placedBefore += partitions
      }
      assert.ok(Math.max(...led) - Math.min(...led) <= 1, `${led}`)
    }),
  )
})

test('of topics with a partition for every broker, not all begin on the same one', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }, { id: 3 }])
  const firsts = [0, 3, 6].map(placedBefore => {
    const placed = placeReplicas(image, { partitions: 3, replicationFactor: 1, seed: 0, placedBefore })
    return placed[0]?.[0]
  })
  assert.deepEqual(firsts, [1, 2, 3])
})

/** Broker ids by rack: A has 1, 2, 3, B the next three, and so on. */
function rackCluster(racks: string, brokersEach: number) {
  return clusterOf(
    [...racks].flatMap((rack, at) =>
      Array.from({ length: brokersEach }, (_, n) => ({ id: at * brokersEach + n + 1, rack })),
    ),
  )
}

test('partitions are striped over the racks, as in the example of Kafka: A B C, B C A, C A B', () => {
  const image = rackCluster('ABC', 3)
  const placed = placeReplicas(image, { partitions: 9, replicationFactor: 3, seed: 0 })
  assert.ok(typeof placed !== 'string')
  const stripes = placed.map(replicas => replicas.map(id => image.brokers.get(id)?.rack).join(' '))
  assert.deepEqual(stripes.slice(0, 4), ['A B C', 'B C A', 'C A B', 'A B C'])
  // Each broker is first once, second once and third once: nobody leads or copies more than anybody else.
  for (const place of [0, 1, 2]) assert.equal(new Set(placed.map(replicas => replicas[place])).size, 9)
})

test('racks come before brokers: a broker that is alone in its rack gets a replica of everything', () => {
  const brokers = ['A', 'B'].flatMap((rack, at) =>
    Array.from({ length: 10 }, (_, n) => ({ id: at * 10 + n + 1, rack })),
  )
  const image = clusterOf([...brokers, { id: 21, rack: 'C' }])
  const placed = placeReplicas(image, { partitions: 30, replicationFactor: 3, seed: 7 })
  assert.ok(typeof placed !== 'string' && placed.every(replicas => replicas.includes(21)))
})

test('a fenced broker leads nothing, and holds copies only where there is nobody else', () => {
  const image = clusterOf([{ id: 1 }, { id: 2 }, { id: 3, fenced: true }])
  const two = placeReplicas(image, { partitions: 20, replicationFactor: 2, seed: 3 })
  assert.ok(typeof two !== 'string' && two.every(replicas => !replicas.includes(3)))
  const three = placeReplicas(image, { partitions: 20, replicationFactor: 3, seed: 3 })
  assert.ok(typeof three !== 'string' && three.every(replicas => replicas[2] === 3))
})
