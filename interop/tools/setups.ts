/** The pairs that are compared: one broker and one, the same with two log directories each, three brokers and three. */
import type { BrokerProcess } from '../broker-process.ts'
import { EtcdCluster } from '../etcd/etcd-cluster.ts'
import { createOdradek, startOdradek } from '../odradek.ts'
import { createRealKafka, createRealKafkaCluster, startRealKafka } from '../real-kafka.ts'
import { allowedClusterDifferences } from './expected-cluster-differences.ts'
import { allowedDifferences } from './expected-differences.ts'
import { allowedDirectoryDifferences } from './expected-directory-differences.ts'
import type { Setup, Side } from './side-by-side.ts'

const settings: Readonly<Record<string, string>> = {
  // A group with no members at all rebalances at once; fewer partitions of the internal topic to read through.
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
}

export const oneBroker: Setup = {
  scripts: ['topics', 'internal-topics', 'groups', 'rebalance', 'records', 'load', 'configs', 'cluster', 'not-yet'],
  allowed: allowedDifferences,
  startKafka: async () => alone(await startRealKafka({ settings })),
  startOdradek: async () => alone(await startOdradek({ settings })),
}

const logDirectories = ['data', 'more']

export const twoDirectories: Setup = {
  scripts: ['log-directories'],
  allowed: allowedDirectoryDifferences,
  startKafka: async () => startAll([await createRealKafka({ settings, logDirectories })]),
  startOdradek: async () => startAll([await createOdradek({ settings, logDirectories })]),
}

const brokers = 3
/** Guards against hanging: three JVMs at once on a busy machine take their time. */
const startTimeoutMs = 180_000

const clusterSettings: Readonly<Record<string, string>> = {
  ...settings,
  // Brokers go in order, which needs no patience; on a busy machine none is to be taken for dead.
  'broker.session.timeout.ms': '60000',
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
}

export const threeBrokers: Setup = {
  scripts: ['three-brokers', 'broker-down'],
  allowed: allowedClusterDifferences,
  async startKafka() {
    const jvmOptions = ['-Xms384m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    const nodes = await createRealKafkaCluster(brokers, { settings: clusterSettings, jvmOptions })
    return startAll(nodes)
  },
  async startOdradek() {
    const etcd = await EtcdCluster.start({ size: 1 })
    const options = (id: number) => {
      return ['--cluster', `etcd://${etcd.endpoints.join()}/tools`, '--node-id', String(id)]
    }
    const nodes: BrokerProcess[] = []
    for (let id = 1; id <= brokers; id++) {
      nodes.push(await createOdradek({ settings: clusterSettings, options: options(id), stopSignal: 'SIGKILL' }))
    }
    return startAll(nodes, () => etcd.stop())
  },
}

function alone(broker: BrokerProcess): Side {
  return { brokers: [broker], stop: () => broker.stop() }
}

async function startAll(
  nodes: readonly BrokerProcess[],
  afterwards: () => Promise<void> = async () => {},
): Promise<Side> {
  const stop = async () => {
    await Promise.all(nodes.map(node => node.stop()))
    await afterwards()
  }
  try {
    await Promise.all(nodes.map(node => node.start(startTimeoutMs)))
  } catch (error) {
    await stop()
    throw error
  }
  return { brokers: nodes, stop }
}
