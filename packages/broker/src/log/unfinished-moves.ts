/** What a crash has left of moves between directories that were about to end. */
import type { Disk } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { deletedDirectoryName, movedFromFile, parsePartitionDirectoryName } from './file-names.ts'
import type { LogDirectory } from './log-directory.ts'
import { removeNote } from './log-move.ts'
import { readTextFile } from './text-file.ts'

/**
 * Where a partition lies in two directories, and one of them says that it comes from the other, that other one goes. Before
 * anything is opened, and when all names are on the disk for good. Rejects with DiskError.
 */
export async function finishMoves(
  directories: readonly LogDirectory[],
  { disk, logger, unique }: { disk: Disk; logger: Logger; unique: () => string },
): Promise<void> {
  if (directories.length < 2) return
  const places = new Map<string, LogDirectory[]>()
  for (const directory of directories) {
    for (const name of disk.listSync(directory.path)) {
      if (parsePartitionDirectoryName(name) === null) continue
      const known = places.get(name)
      if (known === undefined) places.set(name, [directory])
      else known.push(directory)
    }
  }
  for (const [name, all] of places) {
    for (const to of all.length > 1 ? all : []) {
      const directoryId = readTextFile(disk, `${to.path}/${name}/${movedFromFile}`)
      const from = all.find(directory => directory !== to && directory.directoryId === directoryId)
      if (from !== undefined) await finish(name, { from, to, disk, logger, unique })
    }
  }
}

async function finish(
  name: string,
  {
    from,
    to,
    disk,
    logger,
    unique,
  }: { from: LogDirectory; to: LogDirectory; disk: Disk; logger: Logger; unique: () => string },
): Promise<void> {
  const parsed = parsePartitionDirectoryName(name)
  if (parsed === null) return
  disk.renameSync(from.file(name), from.file(deletedDirectoryName(parsed.topic, parsed.partition, unique())))
  await disk.syncDirectory(from.path)
  await removeNote(disk, to.file(name))
  logger.info('finished the move of a partition to another directory', {
    partition: name,
    from: from.path,
    to: to.path,
  })
}
