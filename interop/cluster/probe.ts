/** One record after the other to one partition: shows how long nothing is acknowledged. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodePlatform } from '@odradek/platform/node'
import { createReplicatedTopic, TestProducer } from '../../packages/broker/src/testing/cluster-clients.ts'
import type { ClusterProcesses } from './cluster-processes.ts'

export class Probe {
  static readonly topic = 'probe'
  readonly #acknowledgedMs: number[] = []
  #isOver = false
  #running: Promise<void> = Promise.resolve()
  #failure: unknown = null

  static async start({ client }: ClusterProcesses): Promise<Probe> {
    const { clock } = createNodePlatform()
    await createReplicatedTopic({ client, clock }, Probe.topic)
    const probe = new Probe()
    const producer = new TestProducer({ client, clock, topic: Probe.topic })
    const run = async () => {
      for (let n = 0; !probe.#isOver; n++) {
        assert.equal(await producer.send(String(n)), n)
        probe.#acknowledgedMs.push(performance.now())
        await sleep(5)
      }
    }
    probe.#running = run().catch(error => {
      probe.#failure = error
    })
    return probe
  }

  /** The first acknowledgement after a moment. */
  async nextAfter(momentMs: number): Promise<number> {
    for (;;) {
      const next = this.#acknowledgedMs.find(atMs => atMs > momentMs)
      if (next !== undefined) return next
      if (this.#failure !== null) throw this.#failure
      await sleep(2)
    }
  }

  /** Between two acknowledgements, or the last one and now. */
  longestGapMs(fromMs: number): number {
    const moments = [fromMs, ...this.#acknowledgedMs.filter(atMs => atMs > fromMs), performance.now()]
    return Math.max(...moments.slice(1).map((atMs, index) => atMs - (moments[index] ?? atMs)))
  }

  acknowledgedAfter(momentMs: number): number {
    return this.#acknowledgedMs.filter(atMs => atMs > momentMs).length
  }

  end(): void {
    this.#isOver = true
  }

  async finish(): Promise<void> {
    this.end()
    await this.#running
    if (this.#failure !== null) throw this.#failure
  }
}
