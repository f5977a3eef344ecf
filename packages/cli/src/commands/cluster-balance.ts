import { Command } from 'commander'
import { type Change, changed, planCopies, planLeaders, sharesOf } from '../cluster/balance.ts'
import { type ClusterState, placeName, readClusterState } from '../cluster/cluster-state.ts'
import { evenLeadersOut, evenReplicasOut } from '../cluster/move.ts'
import { EXIT_FAILED } from '../output/failure.ts'
import { printJson, printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { withCluster } from './cluster-options.ts'
import {
  addMoveOptions,
  addThrottleOption,
  type MoveFlags,
  noteStuck,
  progressOf,
  type ThrottleFlags,
} from './move-options.ts'

export function balanceCommand(): Command {
  return addThrottleOption(addMoveOptions(new Command('balance')))
    .description('let every broker hold and lead as much as any other, after one was added')
    .option('--dry-run', 'show what would be moved, and move nothing')
    .addHelpText(
      'after',
      `
Copies are counted, not their bytes. As few as will do are moved, and no partition gets into fewer racks: where that leaves
no other way, some brokers go on to hold more. Then leaders change where some lead more than others, which undoes drains.
An interrupted balance goes on when it is called again.
--throttle takes the place of throttles of replication that are there, and takes all away in the end.

Examples:
  odradek cluster balance --dry-run
  odradek cluster balance --throttle 20000000`,
    )
    .action((flags: MoveFlags & ThrottleFlags & { dryRun?: boolean }) =>
      withCluster(flags, async cluster => {
        if (flags.dryRun) return show(flags, await readClusterState(cluster))
        const { atOnce, throttle: bytesPerSecond } = flags
        const copies = await evenReplicasOut(cluster, { atOnce, bytesPerSecond, onProgress: progressOf(flags) })
        const leaders = await evenLeadersOut(cluster, { onProgress: progressOf(flags, ['leader', 'leaders']) })
        const state = await readClusterState(cluster)
        if (copies.stuck.length > 0) process.exitCode = EXIT_FAILED
        if (flags.format === 'json') {
          const { moved, stuck } = copies
          return printJson({ moved, leaders: leaders.moved, stuck, brokers: sharesOf(state) })
        }
        noteStuck(copies)
        const isWell = copies.moved + copies.stuck.length + leaders.moved === 0
        printText(isWell ? 'Nothing to move.\n' : `${balanceIn(state)}\n`)
      }),
    )
}

function show({ format }: MoveFlags, state: ClusterState): void {
  const copies = planCopies(state)
  const between = changed(state, copies)
  const after = changed(between, planLeaders(between))
  const changes = changesBetween(state, after)
  if (format === 'json') {
    const moves = changes.map(({ before: from, replicas: to, ...place }) => ({ ...place, from, to }))
    printJson({ moves, brokers: sharesOf(after) })
    return
  }
  if (changes.length === 0) {
    printText('Nothing to move.\n')
    return
  }
  const rows = changes.map(change => [placeName(change), change.before.join(','), change.replicas.join(',')])
  printText(`${table(['PARTITION', 'FROM', 'TO'], rows)}\n`)
  printText(`${copies.length} to be copied, ${changes.length - copies.length} only to be led by another broker. `)
  printText(`After that:\n${balanceIn(after)}\n`)
}

function changesBetween(state: ClusterState, { partitions }: ClusterState): Change[] {
  return state.partitions.flatMap(({ topic, partition, target: before }, index) => {
    const replicas = partitions[index]?.target ?? before
    return replicas.join() === before.join() ? [] : [{ topic, partition, before, replicas }]
  })
}

function balanceIn(state: ClusterState): string {
  const shares = sharesOf(state)
  const holds = range(shares.map(share => share.holds))
  const leads = range(shares.map(share => share.leads))
  return `Copies per broker: ${holds}. Leaderships per broker: ${leads}.`
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? String(least) : `${least} to ${most}`
}
