import {
  type BrokerDescription,
  type ClusterClient,
  describeCluster,
  KafkaError,
  unregisterBroker,
} from '@odradek/client'
import { errorCodes } from '@odradek/protocol'
import { Command } from 'commander'
import { readClusterState } from '../cluster/cluster-state.ts'
import { goneBrokers } from '../cluster/health.ts'
import { type Moved, moveLeadersAway, moveLeadersBack, moveReplicasAway } from '../cluster/move.ts'
import { EXIT_FAILED, RefusalError, UsageError } from '../output/failure.ts'
import { printJson, printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { addClusterOptions, type ClusterFlags, integer, withCluster } from './cluster-options.ts'
import {
  addMoveOptions,
  addThrottleOption,
  type MoveFlags,
  noteStuck,
  progressOf,
  type ThrottleFlags,
} from './move-options.ts'

export function brokerCommand(): Command {
  return new Command('broker')
    .description('list the brokers of a cluster, and empty one that is to go')
    .addCommand(listCommand())
    .addCommand(drainCommand())
    .addCommand(decommissionCommand())
}

function listCommand(): Command {
  return addClusterOptions(new Command('list'))
    .description('list the brokers of the cluster, with those that are down')
    .addHelpText('after', '\nExample:\n  odradek broker list --format json')
    .action((flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        const { brokers, controllerId } = await describeCluster(cluster, { includeFencedBrokers: true })
        const rows = brokers.map(broker => ({ ...broker, isController: broker.brokerId === controllerId }))
        if (flags.format === 'json') return printJson(rows)
        printText(
          table(
            ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'CONTROLLER'],
            rows.map(({ brokerId, host, port, rack, isFenced, isController }) => [
              brokerId,
              `${host}:${port}`,
              rack ?? '-',
              isFenced ? 'down' : 'up',
              isController ? 'yes' : '-',
            ]),
          ),
        )
      }),
    )
}

function drainCommand(): Command {
  return addMoveOptions(new Command('drain'))
    .description('let others lead what a broker leads, before work on its machine')
    .argument('<id>', 'node id of the broker', integer(0))
    .option('--replicas', 'move its copies away, too')
    .option('--undo', 'let it lead its share again, of the copies that it has')
    .addHelpText(
      'after',
      `
Of each of its partitions it stays the last choice for leading until the drain is undone. New topics know nothing of a
drain: drain again before you stop it. An interrupted drain goes on when it is called again, too.

Examples:
  odradek broker drain 3
  odradek broker drain 3 --undo
  odradek broker drain 3 --replicas`,
    )
    .action((brokerId: number, flags: MoveFlags & { replicas?: boolean; undo?: boolean }) =>
      withCluster(flags, async cluster => {
        if (flags.replicas && flags.undo) throw new UsageError('--undo brings no copies back: leave out --replicas')
        await checkRuns(cluster, brokerId, flags)
        const options = { brokerId, atOnce: flags.atOnce }
        const leading = { ...options, onProgress: progressOf(flags, ['leader', 'leaders']) }
        if (flags.undo) return report(flags, brokerId, await moveLeadersBack(cluster, leading), 'leads its share')
        const led = await moveLeadersAway(cluster, leading)
        if (!flags.replicas) return report(flags, brokerId, led, 'leads nothing any more')
        const copied = await moveReplicasAway(cluster, { ...options, onProgress: progressOf(flags) })
        report(flags, brokerId, copied, 'holds nothing any more')
      }),
    )
}

function decommissionCommand(): Command {
  return addThrottleOption(addMoveOptions(new Command('decommission')))
    .description('move all copies off a broker, evenly over the others and their racks, and take it out of the cluster')
    .argument('<id>', 'node id of the broker, which may be gone already', integer(0))
    .addHelpText(
      'after',
      `
When it is empty the broker is to be stopped, by you, and the command to be called again: that takes it out of the
cluster. An interrupted decommission goes on when it is called again, too. A broker that is out of the cluster is unknown to it.
--throttle takes the place of throttles of replication that are there, and takes all away in the end.

Examples:
  odradek broker decommission 3
  odradek broker decommission 3 --throttle 20000000`,
    )
    .action((brokerId: number, flags: MoveFlags & ThrottleFlags) =>
      withCluster(flags, async cluster => {
        await checkKnown(cluster, brokerId)
        const { atOnce, throttle: bytesPerSecond } = flags
        const options = { brokerId, atOnce, bytesPerSecond, onProgress: progressOf(flags) }
        const moved = await moveReplicasAway(cluster, options)
        if (moved.stuck.length > 0) return report(flags, brokerId, moved, '')
        const isThere = await lives(cluster, brokerId)
        if (!isThere) await forget(cluster, brokerId)
        const end = isThere
          ? 'holds nothing any more: stop it, and decommission it once more to take it out of the cluster'
          : 'holds nothing any more, and is out of the cluster'
        report(flags, brokerId, moved, end)
      }),
    )
}

async function lives(cluster: ClusterClient, brokerId: number): Promise<boolean> {
  return (await describeCluster(cluster)).brokers.some(broker => broker.brokerId === brokerId)
}

async function checkRuns(
  cluster: ClusterClient,
  brokerId: number,
  { replicas = false }: { readonly replicas?: boolean },
): Promise<void> {
  const { brokers } = await describeCluster(cluster, { includeFencedBrokers: true })
  const broker = brokers.find(one => one.brokerId === brokerId)
  if (broker === undefined) throw unknownBroker(brokerId, brokers)
  const copies = replicas ? `, and odradek broker decommission ${brokerId} moves its copies` : ''
  if (broker.isFenced) throw new RefusalError(`broker ${brokerId} is down: it leads nothing${copies}`)
}

/** One that is down, or out of the cluster already, may still be meant to hold copies. */
async function checkKnown(cluster: ClusterClient, brokerId: number): Promise<void> {
  const state = await readClusterState(cluster)
  const brokers = [...state.brokers, ...state.down]
  if (brokers.some(broker => broker.brokerId === brokerId) || goneBrokers(state).includes(brokerId)) return
  throw unknownBroker(brokerId, brokers)
}

function unknownBroker(brokerId: number, brokers: readonly BrokerDescription[]): UsageError {
  const ids = brokers
    .toSorted((a, b) => a.brokerId - b.brokerId)
    .map(broker => `${broker.brokerId}${broker.isFenced ? ' (down)' : ''}`)
  const known = ids.length === 1 ? `the only one is ${ids}` : `the brokers are ${ids.join(', ')}`
  return new UsageError(`there is no broker ${brokerId}: ${known}`)
}

/** It may be forgotten already. */
async function forget(cluster: ClusterClient, brokerId: number): Promise<void> {
  try {
    await unregisterBroker(cluster, brokerId)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== errorCodes.BROKER_ID_NOT_REGISTERED) throw error
  }
}

/** What could not be moved makes it a failure. */
function report(flags: ClusterFlags, brokerId: number, { moved, stuck }: Moved, end: string): void {
  if (stuck.length > 0) process.exitCode = EXIT_FAILED
  if (flags.format === 'json') {
    printJson({ brokerId, moved, stuck })
    return
  }
  noteStuck({ moved, stuck })
  if (stuck.length === 0) printText(`Broker ${brokerId} ${end}.\n`)
}
