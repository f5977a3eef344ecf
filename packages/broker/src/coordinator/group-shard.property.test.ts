// A shard whose log fails, is slow and outlives its broker: what was answered is kept, and all who ask are answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { errorCodes } from '@odradek/protocol'
import fc from 'fast-check'
import { silentLogger } from '../logger.ts'
import { defaultGroupCoordinatorConfig } from './group-coordinator-config.ts'
import { GroupShard } from './group-shard.ts'
import { FakeLog } from './testing/fake-log.ts'
import { commitInput, commitOn, joinInput } from './testing/requests.ts'

const groupIds = ['g', 'h', 'i']

test('an answered commit outlives failing appends and crashes, and every request is answered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 - 1 }), async seed => {
      const simulation = createSimulation({ seed })
      const chance = simulation.random('workload')
      const { clock } = simulation.platform('broker')
      const log = new FakeLog(clock)
      const start = (): GroupShard => {
        return new GroupShard({ partition: 0, log, config: defaultGroupCoordinatorConfig, clock, logger: silentLogger })
      }
      let shard = start()
      let open = 0
      const answered = new Map(groupIds.map(groupId => [groupId, -1]))
      const ask = <A>(answer: A | Promise<A>, onAnswer: (answer: A) => void): void => {
        open++
        void Promise.resolve(answer).then(value => {
          open--
          onAnswer(value)
        })
      }
      for (let offset = 0; offset < 60; offset++) {
        const groupId = groupIds[chance.integer(groupIds.length)] ?? ''
        if (chance.integer(10) === 0)
          ask(shard.join({ ...joinInput('joined'), memberIdSuffix: String(offset) }), () => {})
        ask(commitOn(shard, commitInput(groupId, offset)), errorCode => {
          if (errorCode === errorCodes.NONE) answered.set(groupId, Math.max(offset, answered.get(groupId) ?? -1))
        })
        log.appendMs = chance.integer(4)
        log.replayMs = chance.integer(3) === 0 ? 20 : 0
        if (chance.integer(12) === 0) log.failures.push(errorCodes.KAFKA_STORAGE_ERROR)
        if (chance.integer(20) === 0) {
          shard.close()
          shard = start()
        }
        if (chance.integer(2) === 0) await simulation.runFor(chance.integer(30))
      }
      log.failures.length = 0
      // Longer than any of those who joined may be kept waiting.
      await simulation.runFor(10 * 60_000)
      assert.equal(open, 0)

      log.replayMs = 0
      const after = start()
      await after.load()
      for (const [groupId, offset] of answered) {
        const kept = after.core?.fetchOffsets({ groupId, topics: null })[0]?.partitions[0]?.committedOffset ?? -1
        assert.ok(kept >= offset, `seed ${seed}: ${groupId} was answered ${offset} and kept ${kept}`)
      }
    }),
    { numRuns: 200 },
  )
})
