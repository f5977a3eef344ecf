/** Brokers as processes, with the members of an etcd cluster that they share: all gone at the end. */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterClient } from '@odradek/client'
import type { BrokerProcess } from '../broker-process.ts'
import { EtcdCluster } from '../etcd/etcd-cluster.ts'
import { createOdradek } from '../odradek.ts'
import { Observer } from './observer.ts'
import { SmallDisk } from './small-disk.ts'
import { TestNetwork } from './test-network.ts'

const leaderTimeoutMs = 10_000
const brokersTimeoutMs = 30_000

/** What is not as usual, which is loopback and the disk of temporary files. */
export interface Surroundings {
  /** Each broker is on a host of its own, and the members of etcd are on one. */
  readonly hasNetwork?: boolean
  /** A broker whose data lie on a disk of their own, of so many megabytes. */
  readonly smallDisk?: { readonly brokerId: number; readonly megabytes: number }
}

const etcdHost = 'etcd'
const hostOf = (brokerId: number) => `broker-${brokerId}`

export class ClusterProcesses {
  readonly etcd: EtcdCluster
  readonly brokers: readonly BrokerProcess[]
  readonly client: ClusterClient
  readonly #network: TestNetwork | null
  readonly #disk: SmallDisk | null
  readonly #all: AsyncDisposableStack

  private constructor({ etcd, brokers, network, disk, all }: Parts) {
    this.etcd = etcd
    this.brokers = brokers
    this.#network = network
    this.#disk = disk
    this.#all = all
    this.client = new Observer(brokers.map(({ bootstrap }) => bootstrap))
  }

  /** All of them serve. Broker n is in rack n. */
  static async start({
    brokers: count,
    settings,
    hasNetwork = false,
    smallDisk,
  }: {
    brokers: number
    settings: Readonly<Record<string, string>>
  } & Surroundings): Promise<ClusterProcesses> {
    const ids = Array.from({ length: count }, (_, index) => index + 1)
    const network = hasNetwork ? await TestNetwork.create([etcdHost, ...ids.map(hostOf)]) : null
    const stack = new AsyncDisposableStack()
    stack.defer(() => network?.remove())
    try {
      const etcd = await EtcdCluster.start(network === null ? {} : { host: network.host(etcdHost) })
      stack.defer(() => etcd.stop())
      const url = `etcd://${etcd.endpoints.join()}/cluster`
      const brokers: BrokerProcess[] = []
      let disk: SmallDisk | null = null
      for (const id of ids) {
        const options = ['--cluster', url, '--node-id', String(id), '--rack', String(id)]
        const host = network === null ? {} : { host: network.host(hostOf(id)) }
        const broker = await createOdradek({ settings, options, stopSignal: 'SIGKILL', ...host })
        stack.defer(() => broker.stop())
        brokers.push(broker)
        if (id !== smallDisk?.brokerId) continue
        const mounted = await SmallDisk.mount(path.join(broker.directory, 'data'), smallDisk)
        disk = mounted
        stack.defer(async () => {
          await broker.kill()
          mounted.unmount()
        })
      }
      await Promise.all(brokers.map(broker => broker.start()))
      return new ClusterProcesses({ etcd, brokers, network, disk, all: stack.move() })
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  get bootstrap(): string {
    return this.brokers.map(({ bootstrap }) => bootstrap).join()
  }

  get directory(): string {
    return this.etcd.directory
  }

  broker(id: number): BrokerProcess {
    const broker = this.brokers[id - 1]
    if (broker === undefined) throw new Error(`there is no broker ${id}`)
    return broker
  }

  /** The disk of the broker that has one of its own. */
  get smallDisk(): SmallDisk {
    if (this.#disk === null) throw new Error('no broker has a disk of its own')
    return this.#disk
  }

  /** The broker hears nothing of the other brokers any more, nor they of it; clients get to all of them. */
  async cutOff(id: number, { from }: { readonly from: 'brokers' | 'brokers and etcd' }): Promise<void> {
    const others = this.brokers.map((_, index) => index + 1).filter(other => other !== id)
    const hosts = others.map(hostOf)
    await this.#theNetwork.cut(hostOf(id), from === 'brokers' ? hosts : [...hosts, etcdHost])
  }

  heal(): Promise<void> {
    return this.#theNetwork.heal()
  }

  get #theNetwork(): TestNetwork {
    if (this.#network === null) throw new Error('all is on loopback')
    return this.#network
  }

  /** Each broker is known to the others. */
  async hasAllBrokers(): Promise<void> {
    const deadlineMs = performance.now() + brokersTimeoutMs
    for (;;) {
      const known = (await this.client.metadata([])).brokers.length
      if (known === this.brokers.length) return
      if (performance.now() > deadlineMs) throw new Error(`only ${known} brokers are known`)
      await sleep(50)
    }
  }

  /** Of partition 0, as soon as it has one. */
  async leaderOf(topic: string): Promise<number> {
    return (await this.leadershipOf(topic)).leader
  }

  /** The same, and in which leader epoch. */
  async leadershipOf(topic: string): Promise<{ readonly leader: number; readonly epoch: number }> {
    const deadlineMs = performance.now() + leaderTimeoutMs
    for (;;) {
      const { topics } = await this.client.metadata([topic])
      const { leaderId: leader = -1, leaderEpoch: epoch = -1 } = topics[0]?.partitions[0] ?? {}
      if (leader >= 0 || performance.now() > deadlineMs) return { leader, epoch }
      await sleep(20)
    }
  }

  /** How many partitions miss a copy that is in sync, or a leader. */
  async behind(): Promise<number> {
    const { topics } = await this.client.metadata(null)
    const partitions = topics.flatMap(topic => topic.partitions)
    return partitions.filter(({ isrNodes, replicaNodes, leaderId }) => {
      return leaderId < 0 || isrNodes.length < replicaNodes.length
    }).length
  }

  async stop(): Promise<void> {
    await this.client.close()
    await this.#all.disposeAsync()
  }
}

interface Parts {
  readonly etcd: EtcdCluster
  readonly brokers: readonly BrokerProcess[]
  readonly network: TestNetwork | null
  readonly disk: SmallDisk | null
  /** Ends and removes all of it. */
  readonly all: AsyncDisposableStack
}
