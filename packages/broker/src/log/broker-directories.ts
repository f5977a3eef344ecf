/**
 * Several brokers on one host keep their data in one directory, each in one of its own there: broker-1, broker-2… It is no
 * data directory itself, and whoever took it for one would find in it no cluster, and partitions that are none.
 */
import type { Disk } from '@odradek/platform'
import { OdradekError } from '../odradek-error.ts'
import { orNull, readMetaProperties } from './data-directory.ts'
import { metaPropertiesFile } from './file-names.ts'

/** Of the first, the second… of the brokers. */
export function brokerDirectory(path: string, rank: number): string {
  return `${path}/broker-${rank}`
}

/**
 * Throws OdradekError where a directory that is no broker's yet holds those of brokers, but for those of `own`. In one that is a
 * broker's anything may lie: a copy of it, a disk that it no longer uses.
 */
export function refuseBrokersWithin(disk: Disk, path: string, own: ReadonlySet<string>): void {
  if (isDataDirectory(disk, path)) return
  const names = orNull(() => disk.listSync(path)) ?? []
  const others = names.filter(name => !own.has(`${path}/${name}`) && isDataDirectory(disk, `${path}/${name}`))
  const [first] = others
  if (first === undefined) return
  const whose = others.length === 1 ? 'another broker' : 'several brokers'
  const shown = others.length > shownMax ? [...others.slice(0, shownMax), '…'] : others
  const count = Math.max(0, ...others.map(name => Number(/^broker-(\d+)$/.exec(name)?.[1] ?? 0)))
  const way =
    count > 1
      ? `start it with --processes ${count} or odradek dev --brokers ${count}, whichever has made it`
      : `name ${path}/${first}`
  throw new OdradekError(
    'several-brokers',
    `The data directory ${path} holds the data of ${whose} (${shown.join(', ')}): ${way}, or choose another directory (log.dirs).`,
  )
}

const shownMax = 5

/** A disk that does not say is asked again by whoever opens it. */
export function isDataDirectory(disk: Disk, path: string): boolean {
  return orNull(() => disk.statSync(`${path}/${metaPropertiesFile}`)) !== null
}

/**
 * For a directory that is to hold those of several brokers. They would know nothing of the data that lie directly in it.
 *
 * @param mayJoin - the broker that has them may become one of the several
 */
export function refuseBrokerAt(disk: Disk, path: string, { mayJoin }: { readonly mayJoin: boolean }): void {
  const found = orNull(() => readMetaProperties(disk, path))
  if (found === null) return
  const way = mayJoin ? `move it to ${freeDirectory(disk, path)}, or ` : ''
  throw new OdradekError('one-broker', `${path} is the data of node ${found.nodeId}: ${way}choose another directory.`)
}

function freeDirectory(disk: Disk, path: string): string {
  for (let rank = 1; ; rank++) {
    const directory = brokerDirectory(path, rank)
    if (orNull(() => disk.statSync(directory)) === null) return directory
  }
}
