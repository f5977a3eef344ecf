import type { Disk } from '@odradek/platform'

/** Null where there is none. Throws DiskError. */
export function readTextFile(disk: Disk, path: string): string | null {
  if (disk.statSync(path)?.kind !== 'file') return null
  const file = disk.openSync(path, { create: false })
  try {
    const bytes = Buffer.alloc(file.size)
    return bytes.toString('utf8', 0, file.readSync(bytes, 0))
  } finally {
    file.closeSync()
  }
}

/** Puts a file with this content in the place of the old one; after a crash it is the one or the other. */
export async function replaceTextFile(disk: Disk, path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = disk.openSync(temporary)
  try {
    writeWhole(file, content)
    await file.sync()
  } finally {
    file.closeSync()
  }
  disk.renameSync(temporary, path)
  await disk.syncDirectory(directoryOf(path))
}

/** The same on the loop: for start and stop. */
export function replaceTextFileSync(disk: Disk, path: string, content: string): void {
  const temporary = `${path}.tmp`
  const file = disk.openSync(temporary)
  try {
    writeWhole(file, content)
    file.syncSync()
  } finally {
    file.closeSync()
  }
  disk.renameSync(temporary, path)
  disk.syncDirectorySync(directoryOf(path))
}

/** Writes without syncing: for what a later sync, or a second writing, makes durable. */
export function writeTextFile(disk: Disk, path: string, content: string): void {
  const file = disk.openSync(path)
  try {
    writeWhole(file, content)
  } finally {
    file.closeSync()
  }
}

function writeWhole(file: ReturnType<Disk['openSync']>, content: string): void {
  const bytes = Buffer.from(content, 'utf8')
  file.writeSync([bytes], 0)
  if (file.size > bytes.length) file.truncateSync(bytes.length)
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
