/** Opens a broker's log directories at a start: which of them can be used, and all the logs that lie in them. */
import { DiskError } from '@odradek/platform'
import { inParallel } from '../in-parallel.ts'
import { OdradekError } from '../odradek-error.ts'
import type { DataDirectory } from './data-directory.ts'
import type { LogConfig } from './log-config.ts'
import type { SharedLogContext } from './log-context.ts'
import { type FoundLogs, LogDirectory } from './log-directory.ts'
import { finishMoves } from './unfinished-moves.ts'

/** A directory that a start could not read. */
export interface UnreadableDirectory {
  readonly path: string
  readonly reason: string
}

export interface OpenedDirectories {
  /** In the order in which they were named. */
  readonly directories: readonly LogDirectory[]
  readonly unreadable: readonly UnreadableDirectory[]
  /** By TOPIC-N: up to where a log is compacted. */
  readonly cleanedOffsets: ReadonlyMap<string, number>
  /** Nothing of what the last stop left is missing. */
  readonly wasCleanShutdown: boolean
}

export interface OpenDirectoriesOptions {
  readonly shared: SharedLogContext
  readonly diskFailed: (directory: LogDirectory, error: unknown) => void
  readonly configOf: (topic: string) => LogConfig
  /** For names. */
  readonly unique: () => string
}

/** Recoveries at a time: enough to keep the disk's pool busy. */
const parallelRecoveries = 4

/**
 * A directory whose disk fails meanwhile is left out, but for the first one. Rejects with OdradekError when that one fails, or
 * when a partition lies in two directories.
 */
export async function openDirectories(
  dataDirectories: readonly DataDirectory[],
  options: OpenDirectoriesOptions,
): Promise<OpenedDirectories> {
  const found = new Map<LogDirectory, FoundLogs>()
  const unreadable: UnreadableDirectory[] = []
  const { logger } = options.shared
  const giveUp = (path: string, error: unknown) => {
    if (!(error instanceof DiskError)) throw error
    if (path === dataDirectories[0]?.path) {
      const message = `The logs in ${path} cannot be opened: ${error.message}`
      throw new OdradekError('logs-unusable', message, { cause: error })
    }
    logger.error('a log directory cannot be read: its partitions are offline until a start can', { path, error })
    unreadable.push({ path, reason: error.message })
  }
  const usable: LogDirectory[] = []
  for (const { path, directoryId, isNew } of dataDirectories) {
    try {
      // A killed process leaves names that the power can still take: what moves have left must be judged by lasting ones.
      if (dataDirectories.length > 1) await options.shared.disk.syncDirectory(path)
      usable.push(new LogDirectory({ ...options, path, directoryId, isNew }))
    } catch (error) {
      giveUp(path, error)
    }
  }
  await finishMoves(usable, { ...options.shared, unique: options.unique }).catch(error => {
    if (!(error instanceof DiskError)) throw error
    logger.error('the move of a partition to another directory could not be finished', { error })
  })
  for (const directory of usable) {
    try {
      found.set(directory, await directory.open(options.configOf))
    } catch (error) {
      giveUp(directory.path, error)
    }
  }
  refuseTwins(found)
  await recover(found, options, giveUp)
  const directories = [...found.keys()]
  const cleanedOffsets = new Map<string, number>()
  for (const [directory, one] of found) {
    for (const [name, offset] of one.cleanedOffsets) if (directory.logs.has(name)) cleanedOffsets.set(name, offset)
  }
  warnOfMissing(directories, options)
  return { directories, unreadable, cleanedOffsets, wasCleanShutdown: isComplete(directories) }
}

/** Nobody knows which of them is the right one, but a person who knows what has happened to the disks. */
function refuseTwins(found: ReadonlyMap<LogDirectory, FoundLogs>): void {
  const seen = new Map<string, LogDirectory>()
  for (const [directory, { found: logs }] of found) {
    for (const { name } of logs.filter(({ isFuture }) => !isFuture)) {
      const other = seen.get(name)
      if (other !== undefined) {
        throw new OdradekError(
          'partition-twice',
          `The partition ${name} lies in two log directories, ${other.path} and ${directory.path}. Move the one away that is not to be kept: it is the one in the directory whose disk has failed lately, if one has.`,
        )
      }
      seen.set(name, directory)
    }
  }
}

/** Leaves the logs in their directories, and the directories that fail out of `found`. */
async function recover(
  found: Map<LogDirectory, FoundLogs>,
  { shared: { clock, logger } }: OpenDirectoriesOptions,
  giveUp: (path: string, error: unknown) => void,
): Promise<void> {
  const begun = clock.monotonic()
  const tasks: (() => Promise<void>)[] = []
  const fail = (directory: LogDirectory, error: unknown) => {
    giveUp(directory.path, error)
    found.delete(directory)
    for (const log of [...directory.logs.values(), ...directory.futures.values()]) log.abandon()
  }
  for (const [directory, { found: logs }] of found) {
    for (const one of logs) {
      if (one.opened !== null) {
        directory.add(one, one.opened)
        continue
      }
      tasks.push(async () => {
        if (!found.has(directory)) return
        try {
          const log = await one.recover()
          if (found.has(directory)) directory.add(one, log)
          else log.abandon()
        } catch (error) {
          if (found.has(directory)) fail(directory, error)
        }
      })
    }
  }
  await inParallel(tasks, parallelRecoveries)
  for (const directory of [...found.keys()])
    await directory.checkpoints.lowerToEnds().catch(error => fail(directory, error))
  if (tasks.length === 0) return
  const tookMs = Math.round(clock.monotonic() - begun)
  logger.info('recovered the logs after an unclean stop', { partitions: tasks.length, tookMs })
}

function missingIds(directories: readonly LogDirectory[]): string[] {
  const present = new Set(directories.map(({ directoryId }) => directoryId))
  const known = new Set(directories.flatMap(({ knownDirectoryIds }) => knownDirectoryIds))
  return [...known].filter(id => !present.has(id))
}

function warnOfMissing(directories: readonly LogDirectory[], { shared: { logger } }: OpenDirectoriesOptions): void {
  const directoryIds = missingIds(directories)
  if (directoryIds.length === 0) return
  logger.warn('the broker had more log directories when it stopped: what lay in them begins anew, empty', {
    directoryIds,
  })
}

/** One that this start has made holds nothing that could be missing, unless there are no others. */
function isComplete(directories: readonly LogDirectory[]): boolean {
  const isClean = directories.every(({ wasCleanShutdown, isNew }) => wasCleanShutdown || isNew)
  return isClean && directories.some(directory => directory.wasCleanShutdown) && missingIds(directories).length === 0
}
