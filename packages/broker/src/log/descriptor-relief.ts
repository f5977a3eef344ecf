import { type Disk, DiskError } from '@odradek/platform'

/**
 * A disk for which `relieve` closes files when the process may open no more; what has failed of it is tried once more. The
 * logs' own files are most of what a broker with many partitions has open, and all of them can be closed and opened again.
 * `relieve` says whether it has closed any.
 */
export function withDescriptorRelief(disk: Disk, relieve: () => boolean): Disk {
  const isRelieved = (error: unknown): boolean =>
    error instanceof DiskError && error.kind === 'descriptors' && relieve()

  function now<T>(call: () => T): T {
    try {
      return call()
    } catch (error) {
      if (!isRelieved(error)) throw error
      return call()
    }
  }

  async function pooled<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (!isRelieved(error)) throw error
      return call()
    }
  }

  return {
    openSync: (path, options) => now(() => disk.openSync(path, options)),
    listSync: path => now(() => disk.listSync(path)),
    removeSync: path => now(() => disk.removeSync(path)),
    remove: path => pooled(() => disk.remove(path)),
    syncDirectory: path => pooled(() => disk.syncDirectory(path)),
    syncDirectorySync: path => now(() => disk.syncDirectorySync(path)),
    // These open nothing.
    makeDirectorySync: path => disk.makeDirectorySync(path),
    statSync: path => disk.statSync(path),
    renameSync: (from, to) => disk.renameSync(from, to),
    spaceSync: path => disk.spaceSync(path),
    lock: path => disk.lock(path),
  }
}
