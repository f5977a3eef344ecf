import type { Command } from 'commander'
import type { Moved, MoveOptions } from '../cluster/move.ts'
import { someOf } from '../output/names.ts'
import { printNote } from '../output/print.ts'
import { addClusterOptions, type ClusterFlags, integer } from './cluster-options.ts'

/** Of commands that move partitions. */
export interface MoveFlags extends ClusterFlags {
  readonly atOnce: number
}

const atOnceByDefault = 20

export function addMoveOptions(command: Command): Command {
  return addClusterOptions(command).option(
    '--at-once <n>',
    'how many partitions may be copied at the same time',
    integer(1),
    atOnceByDefault,
  )
}

export interface ThrottleFlags {
  readonly throttle?: number
}

export function addThrottleOption(command: Command): Command {
  return command.option('--throttle <bytes>', 'how much each broker may copy a second', integer(1))
}

/** Tells a person how far it is. */
export function progressOf(
  { format }: ClusterFlags,
  [one, more] = ['partition', 'partitions'],
): MoveOptions['onProgress'] {
  return ({ done, of, underWay }) => {
    if (format === 'json' || of === 0) return
    printNote(`${done} of ${of} ${of === 1 ? one : more} moved${underWay > 0 ? `, ${underWay} under way` : ''}`)
  }
}

/** Tells a person what could not be moved, and why. */
export function noteStuck({ stuck }: Moved): void {
  for (const [because, each] of Map.groupBy(stuck, one => one.because)) {
    const names = someOf(each.map(({ name }) => name))
    printNote(`odradek: ${names} ${each.length === 1 ? 'stays' : 'stay'}: ${because}`)
  }
}
