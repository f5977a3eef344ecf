import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import { StoreUnreachableError } from '../metadata-store.ts'
import { CommitLanes, wroteLast } from './commit-lanes.ts'
import type { EtcdCall, EtcdInput, EtcdRequest, EtcdResponse } from './etcd-api.ts'
import { EtcdRefusal, EtcdSilence, grpcCodes, Retries } from './etcd-client.ts'

interface Stored {
  readonly value: string
  readonly modRevision: bigint
  readonly lease: bigint
}

/**
 * One member of etcd, as far as transactions go. Faults: a request that gets no answer was carried out, was not, or is so later,
 * after others; the lease of the markers ends.
 */
class FakeEtcd {
  readonly #simulation: Simulation
  readonly #random
  readonly keys = new Map<string, Stored>()
  readonly leases = new Set<bigint>()
  /** What was written to the counter, in order. */
  readonly counts: { readonly value: string; readonly revision: bigint }[] = []
  silence = 0
  #revision = 1n

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#random = simulation.random('etcd')
  }

  retries(): Retries {
    const { clock, random } = this.#simulation.platform('client')
    const sleep = (ms: number) => new Promise<void>(resolve => void clock.after(ms, resolve))
    return new Retries({ asked: ['a', 'b'], callMs: 10_000, clock, random, sleep })
  }

  async call<C extends EtcdCall>(call: C, request: EtcdRequest<C>, retries: Retries): Promise<EtcdResponse<C>> {
    for (;;) {
      try {
        return await this.attempt(call, request, retries)
      } catch (error) {
        await retries.again(error)
      }
    }
  }

  async attempt<C extends EtcdCall>(call: C, request: EtcdRequest<C>, _: Retries): Promise<EtcdResponse<C>> {
    const perform = () => this.#perform(call, request as Record<string, unknown>) as unknown as EtcdResponse<C>
    await this.#pass(this.#random.between([0.1, 5]))
    if (!this.#random.chance(this.silence)) return perform()
    const fate = this.#random.integer(3)
    if (fate === 0) settled(perform)
    if (fate === 1) void this.#pass(this.#random.between([1, 3000])).then(() => settled(perform))
    await this.#pass(50)
    throw new EtcdSilence('no answer')
  }

  endLease(): void {
    this.leases.clear()
    for (const [key, { lease }] of this.keys) if (lease !== 0n) this.keys.delete(key)
  }

  #pass(ms: number): Promise<void> {
    return new Promise(resolve => void this.#simulation.at(this.#simulation.nowMs + ms, resolve))
  }

  #perform(call: EtcdCall, request: Record<string, unknown>): object {
    if (call === 'txn') return this.#transact(request as EtcdInput<'TxnRequest'>)
    const { id = 0n } = request as EtcdInput<'LeaseGrantRequest'>
    if (this.leases.has(id)) throw new EtcdRefusal(grpcCodes.failedPrecondition, 'lease already exists')
    this.leases.add(id)
    return { id }
  }

  #transact({ compare = [], success = [], failure = [] }: EtcdInput<'TxnRequest'>): object {
    const holds = compare.every(
      ({ key, modRevision }) => (this.keys.get(String(key))?.modRevision ?? 0n) === modRevision,
    )
    if (!holds) {
      const kvs = failure.map(({ range }) => this.keys.get(String(range?.key)))
      const responses = kvs.map(kv => ({ range: { kvs: kv ? [{ ...kv, value: Buffer.from(kv.value) }] : [] } }))
      return { succeeded: false, header: { revision: this.#revision }, responses }
    }
    if (success.some(({ put }) => put?.lease && !this.leases.has(put.lease))) {
      throw new EtcdRefusal(grpcCodes.notFound, 'requested lease not found')
    }
    this.#revision++
    for (const { put } of success) {
      const stored = { value: String(put?.value), modRevision: this.#revision, lease: put?.lease ?? 0n }
      this.keys.set(String(put?.key), stored)
      if (String(put?.key) === 'counter') this.counts.push({ value: stored.value, revision: this.#revision })
    }
    return { succeeded: true, header: { revision: this.#revision }, responses: [] }
  }
}

/** Nobody hears of the answer, whatever it is. */
function settled(perform: () => unknown): void {
  try {
    perform()
  } catch (error) {
    if (!(error instanceof EtcdRefusal)) throw error
  }
}

test('whichever requests stay without an answer, and are carried out late, each commit is told for what it was', async () => {
  const told = { committed: 0, conflict: 0, unknown: 0 }
  for (let seed = 0; seed < 40; seed++) await race(seed, told)
  for (const [outcome, count] of Object.entries(told)) assert.ok(count > 50, `${outcome}: ${count}`)
})

async function race(seed: number, told: Record<string, number>): Promise<void> {
  const simulation = createSimulation({ seed })
  const etcd = new FakeEtcd(simulation)
  const { clock, random } = simulation.platform('client')
  const clients = [0, 1, 2].map(() => new CommitLanes({ client: etcd, clock, random, prefix: 'p/.commits/' }))
  const chance = simulation.random('race')
  etcd.silence = chance.pick([0.2, 0.5, 0.97])
  const write = async (lanes: CommitLanes, name: string) => {
    for (let step = 0; step < 12; step++) {
      const value = `${name}.${step}`
      if (chance.integer(20) === 0) etcd.endLease()
      const read = etcd.keys.get('counter')?.modRevision ?? 0n
      const success = [{ put: { key: Buffer.from('counter'), value: Buffer.from(value) } }]
      const compare = [wroteLast(Buffer.from('counter'), read)]
      const outcome = await lanes.commit({ compare, success, usesLease: false }).catch((error: unknown) => {
        assert.ok(error instanceof StoreUnreachableError, `seed ${seed}: ${error}`)
        return { kind: 'unknown' as const }
      })
      told[outcome.kind] = (told[outcome.kind] ?? 0) + 1
      const written = etcd.counts.filter(count => count.value === value)
      assert.ok(written.length <= 1, `seed ${seed}: ${value} was written twice`)
      if (outcome.kind === 'unknown') continue
      assert.equal(written.length, outcome.kind === 'committed' ? 1 : 0, `seed ${seed}: ${value} ${outcome.kind}`)
      if (outcome.kind === 'committed') assert.equal(written[0]?.revision, BigInt(outcome.revision), `seed ${seed}`)
    }
  }
  // Two commits of each client at once, so that lanes are used side by side.
  const work = clients.flatMap((lanes, index) => ['a', 'b'].map(letter => write(lanes, `${index}${letter}`)))
  await simulation.settle(Promise.all(work))
  await simulation.runFor(10_000)
  const values = etcd.counts.map(({ value }) => value)
  assert.equal(new Set(values).size, values.length, `seed ${seed}: a commit happened twice`)
}

test('a commit that names a lease that is gone is a conflict; where only the markers have gone, it is made', async () => {
  const simulation = createSimulation({ seed: 1 })
  const etcd = new FakeEtcd(simulation)
  const { clock, random } = simulation.platform('client')
  const lanes = new CommitLanes({ client: etcd, clock, random, prefix: 'p/.commits/' })
  const put = (lease: bigint) => ({ put: { key: Buffer.from('counter'), value: Buffer.from('1'), lease } })
  const commit = (lease: bigint) =>
    simulation.settle(lanes.commit({ compare: [], success: [put(lease)], usesLease: lease !== 0n }))
  assert.equal((await commit(0n)).kind, 'committed')
  etcd.endLease()
  assert.equal((await commit(0n)).kind, 'committed')
  etcd.endLease()
  etcd.leases.add(5n)
  assert.equal((await commit(5n)).kind, 'committed')
  etcd.endLease()
  assert.deepEqual(await commit(5n), { kind: 'conflict' })
})
