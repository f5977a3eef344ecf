/** The brokers that are compared, each as a process on fresh data. */

import path from 'node:path'
import { BrokerProcess, brokerDirectory } from '../../interop/broker-process.ts'
import { EtcdCluster } from '../../interop/etcd/etcd-cluster.ts'
import { createOdradek } from '../../interop/odradek.ts'
import { freePort } from '../../interop/ports.ts'
import { createRealKafka, createRealKafkaCluster } from '../../interop/real-kafka.ts'

export type ContestantName = 'kafka' | 'bare loop' | 'odradek'

/** New topics that nobody created have four partitions, as those of the bare loop. */
const settings: Readonly<Record<string, string>> = { 'num.partitions': '4' }

/** As a Kafka of this size is run: a fixed heap and G1. */
const jvmOptions: readonly string[] = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']

/** A broker that is not yet started. */
export function createContestant(name: ContestantName): Promise<BrokerProcess> {
  switch (name) {
    case 'kafka':
      return createRealKafka({ settings, jvmOptions })
    case 'odradek':
      return createOdradek({ settings })
    case 'bare loop':
      return createBareLoop()
  }
}

/** Three brokers that serve, with what they need; the n-th has node id n. */
export interface ClusterContestant extends AsyncDisposable {
  readonly brokers: readonly BrokerProcess[]
  readonly bootstrap: string
}

export async function startCluster(name: 'kafka' | 'odradek'): Promise<ClusterContestant> {
  await using stack = new AsyncDisposableStack()
  const brokers =
    name === 'kafka' ? await createRealKafkaCluster(3, { settings, jvmOptions }) : await createOdradeks(stack)
  for (const broker of brokers) stack.use(broker)
  await Promise.all(brokers.map(broker => broker.start()))
  const owned = stack.move()
  return {
    brokers,
    bootstrap: brokers.map(broker => broker.bootstrap).join(','),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** On an etcd of three members. */
async function createOdradeks(stack: AsyncDisposableStack): Promise<BrokerProcess[]> {
  const etcd = await EtcdCluster.start()
  stack.defer(() => etcd.stop())
  const url = `etcd://${etcd.members.map(({ endpoint }) => endpoint).join(',')}/bench`
  const created: BrokerProcess[] = []
  for (const id of ['1', '2', '3']) {
    const options = ['--cluster', url, '--node-id', id]
    created.push(await createOdradek({ settings, options }))
  }
  return created
}

async function createBareLoop(): Promise<BrokerProcess> {
  const port = await freePort()
  const directory = await brokerDirectory('bare-loop')
  const args = [path.join(import.meta.dirname, 'bare-loop.ts'), String(port), directory]
  return new BrokerProcess({
    name: 'bare loop',
    port,
    directory,
    stopSignal: 'SIGKILL',
    launch: { program: process.execPath, args },
  })
}
