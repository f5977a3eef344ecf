/** Brokers as processes, with the members of an etcd cluster that they share: all on loopback, all gone at the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterClient } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import type { BrokerProcess } from '../broker-process.ts'
import { EtcdCluster } from '../etcd/etcd-cluster.ts'
import { createOdradek } from '../odradek.ts'

const leaderTimeoutMs = 10_000

export class ClusterProcesses {
  readonly etcd: EtcdCluster
  readonly brokers: readonly BrokerProcess[]
  readonly client: ClusterClient

  private constructor(etcd: EtcdCluster, brokers: readonly BrokerProcess[]) {
    this.etcd = etcd
    this.brokers = brokers
    this.client = new ClusterClient({
      platform: createNodePlatform(),
      bootstrap: this.bootstrap,
      clientId: 'observer',
      timeoutMs: 1000,
      retryForMs: 10_000,
    })
  }

  /** All of them serve. Broker n is in rack n. */
  static async start({
    brokers: count,
    settings,
  }: {
    brokers: number
    settings: Readonly<Record<string, string>>
  }): Promise<ClusterProcesses> {
    const etcd = await EtcdCluster.start()
    const url = `etcd://${etcd.endpoints.join()}/cluster`
    const brokers: BrokerProcess[] = []
    for (let id = 1; id <= count; id++) {
      const options = ['--cluster', url, '--node-id', String(id), '--rack', String(id)]
      brokers.push(await createOdradek({ settings, options, stopSignal: 'SIGKILL' }))
    }
    const cluster = new ClusterProcesses(etcd, brokers)
    try {
      await Promise.all(brokers.map(broker => broker.start()))
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
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

  /** Of partition 0, as soon as it has one. */
  async leaderOf(topic: string): Promise<number> {
    const deadlineMs = performance.now() + leaderTimeoutMs
    for (;;) {
      const { topics } = await this.client.metadata([topic])
      const leader = topics[0]?.partitions[0]?.leaderId ?? -1
      if (leader >= 0 || performance.now() > deadlineMs) return leader
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
    await Promise.all(this.brokers.map(broker => broker.stop()))
    await this.etcd.stop()
  }
}
