import { resolve } from 'node:path'
import {
  type ClusterClient,
  describeFeatures,
  describeLogDirs,
  type LogDirDescription,
  topicConfigOf,
} from '@odradek/client'
import { Command } from 'commander'
import { type ClusterState, isMoving, readClusterState } from '../cluster/cluster-state.ts'
import { findProblems, goneBrokers, lacksCopies, type Problem } from '../cluster/health.ts'
import { inBytes } from '../output/bytes.ts'
import { EXIT_FAILED, UsageError } from '../output/failure.ts'
import { asTyped, someOf } from '../output/names.ts'
import { printJson, printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { balanceCommand } from './cluster-balance.ts'
import { addClusterOptions, type ClusterFlags, withCluster } from './cluster-options.ts'
import { addEtcdOptions, clusterAddress, type EtcdFlags, etcdArguments } from './etcd-options.ts'
import { shortest } from './start.ts'

export function clusterCommand(): Command {
  return new Command('cluster')
    .description('describe a cluster, tell whether it is well, spread it evenly, and bring a single broker into one')
    .addCommand(describeCommand())
    .addCommand(healthCommand())
    .addCommand(balanceCommand())
    .addCommand(importCommand())
}

function describeCommand(): Command {
  return addClusterOptions(new Command('describe'))
    .description('show the brokers of a cluster, what they lead, follow and use, and what it can do')
    .addHelpText('after', '\nExample:\n  odradek cluster describe --bootstrap broker-1:9092')
    .action((flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        const state = await readClusterState(cluster)
        const features = await describeFeatures(cluster)
        const rows = brokerRows(state, await logDirsOf(cluster, state))
        const partitions = {
          all: state.partitions.length,
          underReplicated: state.partitions.filter(lacksCopies).length,
          offline: state.partitions.filter(({ leader }) => leader < 0).length,
          moving: state.partitions.filter(isMoving).length,
        }
        if (flags.format === 'json') {
          const { clusterId, controllerId } = state
          return printJson({
            clusterId,
            controllerId,
            brokers: rows,
            partitions,
            features: Object.fromEntries(features),
          })
        }
        printText(`${state.clusterId}  ${counted(state.brokers.length, 'broker')}  ${controllerOf(state)}\n\n`)
        printText(brokerTable(rows))
        const { all, underReplicated, offline, moving } = partitions
        printText(
          `\n${counted(all, 'partition')}: ${underReplicated} under-replicated, ${offline} offline, ${moving} on the move\n`,
        )
        const levels = Array.from(features, ([name, level]) => [name, level]).sort()
        if (levels.length > 0) printText(`\n${table(['FEATURE', 'LEVEL'], levels)}`)
      }),
    )
}

function healthCommand(): Command {
  return addClusterOptions(new Command('health'))
    .description('tell whether all is well: ends with 0 when it is, with 1 and the reasons when it is not')
    .addHelpText('after', '\nExample:\n  odradek cluster health --format json || page-somebody')
    .action((flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        const problems = await problemsOf(cluster)
        if (problems.length > 0) process.exitCode = EXIT_FAILED
        if (flags.format === 'json') return printJson({ healthy: problems.length === 0, problems })
        if (problems.length === 0) printText('Healthy.\n')
        for (const { text, partitions = [] } of problems) {
          printText(`${text}${partitions.length > 0 ? ` (${someOf(partitions)})` : ''}\n`)
        }
      }),
    )
}

function importCommand(): Command {
  interface Flags extends EtcdFlags {
    readonly data?: string
  }
  return addEtcdOptions(new Command('import'))
    .description(
      'make a broker that was alone the first of a cluster: its topics go to etcd, its records stay where they are',
    )
    .option('-d, --data <dir>', 'the data of the broker, which must be stopped (default: ./odradek-data)')
    .addHelpText(
      'after',
      '\nExample:\n  odradek cluster import --data /var/lib/odradek --cluster etcd://etcd-1:2379,etcd-2:2379/orders',
    )
    .action(async (flags: Flags) => {
      const cluster = clusterAddress(flags)
      if (cluster === undefined) {
        throw new UsageError('where to? give --cluster etcd://HOST:PORT[,HOST:PORT...]/PREFIX')
      }
      const { importIntoCluster } = await import('odradek')
      const data = resolve(flags.data ?? './odradek-data')
      const { clusterId, nodeId, topics } = await importIntoCluster({ data, cluster })
      const start = ['odradek', 'start', '--data', shortest(data), ...etcdArguments(flags)]
      printText(
        `Cluster ${clusterId} has ${counted(topics, 'topic')} now, all of them on node ${nodeId}. Start it with: ${asTyped(start)}\n`,
      )
    })
}

async function problemsOf(cluster: ClusterClient): Promise<Problem[]> {
  const state = await readClusterState(cluster)
  const topics = [...new Set(state.partitions.map(({ topic }) => topic))]
  const minInSync = await topicConfigOf(cluster, topics, 'min.insync.replicas')
  const logDirs = await logDirsOf(cluster, state)
  return findProblems({
    state,
    minInSync: new Map(Array.from(minInSync, ([topic, value]) => [topic, Number(value)])),
    brokenLogDirs: Array.from(logDirs).flatMap(([brokerId, directories]) =>
      directories.filter(({ errorCode }) => errorCode !== 0).map(({ path }) => ({ brokerId, path })),
    ),
  })
}

/** A broker that does not answer has none to show. */
async function logDirsOf(
  cluster: ClusterClient,
  { brokers }: ClusterState,
): Promise<ReadonlyMap<number, readonly LogDirDescription[]>> {
  const found = await Promise.all(
    brokers.map(async ({ brokerId }) => [brokerId, await describeLogDirs(cluster, brokerId).catch(() => [])] as const),
  )
  return new Map(found)
}

interface BrokerRow {
  readonly brokerId: number
  /** Null for one that is gone. */
  readonly address: string | null
  readonly rack: string | null
  /** Gone: unregistered, and among the replicas of some partition still. */
  readonly state: 'up' | 'down' | 'gone'
  readonly leads: number
  readonly follows: number
  /** Of those that it follows: how many it is not in sync with. */
  readonly behind: number
  readonly usedBytes: number | null
  readonly usableBytes: number | null
}

function brokerRows(state: ClusterState, logDirs: ReadonlyMap<number, readonly LogDirDescription[]>): BrokerRow[] {
  const known = new Map([...state.brokers, ...state.down].map(broker => [broker.brokerId, broker]))
  const ids = [...known.keys(), ...goneBrokers(state)].sort((a, b) => a - b)
  return ids.map(brokerId => {
    const broker = known.get(brokerId)
    const kept = state.partitions.filter(({ replicas }) => replicas.includes(brokerId))
    const followed = kept.filter(({ leader }) => leader !== brokerId)
    const directories = logDirs.get(brokerId) ?? []
    const usable = directories.map(({ usableBytes }) => usableBytes)
    return {
      brokerId,
      address: broker === undefined ? null : `${broker.host}:${broker.port}`,
      rack: broker?.rack ?? null,
      state: broker === undefined ? 'gone' : broker.isFenced ? 'down' : 'up',
      leads: kept.length - followed.length,
      follows: followed.length,
      behind: followed.filter(({ isr }) => !isr.includes(brokerId)).length,
      usedBytes: directories.length === 0 ? null : directories.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
      usableBytes:
        usable.length === 0 || usable.includes(null)
          ? null
          : usable.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0),
    }
  })
}

function brokerTable(rows: readonly BrokerRow[]): string {
  return table(
    ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'LEADS', 'FOLLOWS', 'BEHIND', 'USED', 'FREE'],
    rows.map(row => [
      row.brokerId,
      row.address ?? '-',
      row.rack ?? '-',
      row.state,
      row.leads,
      row.follows,
      row.behind,
      row.usedBytes === null ? '-' : inBytes(row.usedBytes),
      row.usableBytes === null ? '-' : inBytes(row.usableBytes),
    ]),
  )
}

function controllerOf({ controllerId }: ClusterState): string {
  return controllerId < 0 ? 'no controller' : `controller ${controllerId}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
