/** The directories of a broker that keeps its logs in several (log.dirs): whether they belong together, and opening them. */
import type { Disk, Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { refuseBrokersWithin } from './broker-directories.ts'
import { DataDirectory, type MetaProperties, orNull, readMetaProperties } from './data-directory.ts'
import { localMetadataFile } from './file-names.ts'
import type { UnreadableDirectory } from './open-directories.ts'

/**
 * Before anything is locked, made or written. `home` is the one that the metadata lies in, and may be none of those for logs.
 * Throws OdradekError for what a start would make worse. A disk that fails is none of it.
 */
export function checkDataDirectories(disk: Disk, home: string, paths: readonly string[]): void {
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice !== undefined) {
    throw new OdradekError('invalid-config', `log.dirs names the directory ${twice} twice`)
  }
  const found = new Map<string, MetaProperties>()
  const all = new Set([home, ...paths])
  for (const path of all) {
    refuseBrokersWithin(disk, path, all)
    const properties = orNull(() => readMetaProperties(disk, path))
    if (properties !== null) found.set(path, properties)
    const holdsMetadata = orNull(() => disk.statSync(`${path}/${localMetadataFile}`)) !== null
    if (path === home || !holdsMetadata) continue
    throw new OdradekError(
      'metadata-elsewhere',
      `The metadata of the broker lies in ${path}, not in ${home}: name ${path} first in log.dirs, or as metadata.log.dir.`,
    )
  }
  const [first, ...others] = found
  if (first === undefined) return
  const seen = new Map([[first[1].directoryId, first[0]]])
  for (const [path, properties] of others) {
    refuseStranger(first, path, properties)
    const same = seen.get(properties.directoryId)
    if (same !== undefined) {
      throw new OdradekError(
        'directory-twice',
        `The log directories ${same} and ${path} are one and the same, or one is a copy of the other: both have the directory.id ${properties.directoryId}. Leave one of them out of log.dirs.`,
      )
    }
    seen.set(properties.directoryId, path)
  }
}

function refuseStranger(
  [path, { clusterId, nodeId }]: [string, MetaProperties],
  other: string,
  found: MetaProperties,
): void {
  const problem = (whose: string, theirs: string, ours: string) =>
    `The log directory ${other} belongs to ${whose} ${theirs}, but ${path} to ${ours}: leave one of them out of log.dirs.`
  if (found.clusterId !== clusterId) {
    throw new OdradekError('other-cluster', problem('cluster', found.clusterId, clusterId))
  }
  if (found.nodeId !== nodeId) {
    throw new OdradekError('other-node', problem('node', String(found.nodeId), String(nodeId)))
  }
}

export interface OpenedDataDirectories {
  /** In the order of `paths`. */
  readonly dataDirectories: readonly DataDirectory[]
  readonly unreadable: readonly UnreadableDirectory[]
}

/**
 * Those for logs, beside `home`, which is open already. One whose disk fails is left out, but for the first one. Throws
 * OdradekError; then those that were opened here are released.
 */
export function openDataDirectories(
  paths: readonly string[],
  { home, ...options }: { home: DataDirectory; disk: Disk; random: Random; logger: Logger; isShared: boolean },
): OpenedDataDirectories {
  const { clusterId, nodeId } = home
  const dataDirectories: DataDirectory[] = []
  const unreadable: UnreadableDirectory[] = []
  for (const [index, path] of paths.entries()) {
    try {
      dataDirectories.push(path === home.path ? home : DataDirectory.open({ ...options, path, clusterId, nodeId }))
    } catch (error) {
      const isUnusable = error instanceof OdradekError && error.code === 'data-directory-unusable'
      if (!isUnusable || index === 0) {
        for (const opened of dataDirectories) if (opened !== home) opened.release()
        throw error
      }
      options.logger.error('a log directory cannot be opened: its partitions are offline until a start can', {
        path,
        error,
      })
      unreadable.push({ path, reason: error.message })
    }
  }
  return { dataDirectories, unreadable }
}
