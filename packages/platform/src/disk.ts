/**
 * Files, as a log needs them. Paths are absolute, '/' separated.
 *
 * Calls that end in `Sync` run on the loop: for small writes to the page cache, and for the rare work on names and whole
 * small files. The others go through the platform's pool. What was written survives the process; only what was synced
 * survives power loss: a file's bytes by `file.sync`, its name (create, rename, remove) by `syncDirectory` of its parent.
 * Every failure is a DiskError.
 */
export interface Disk {
  /** Opens for reading and writing, creating it where it is missing unless `create` is false. */
  openSync(path: string, options?: { create?: boolean }): DiskFile
  /** With all parents; fine where it exists. */
  makeDirectorySync(path: string): void
  /** Names in a directory, sorted; of a missing one DiskError 'missing'. */
  listSync(path: string): string[]
  /** Null where there is nothing. */
  statSync(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | null
  /** Replaces an existing target file atomically. */
  renameSync(from: string, to: string): void
  /** Files and directories with all they hold; fine where it is missing. */
  removeSync(path: string): void
  remove(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  syncDirectorySync(path: string): void
  /** Of the volume that holds path. */
  spaceSync(path: string): { totalBytes: number; usableBytes: number }
  /** An exclusive lock that dies with the process. Throws DiskError 'locked', naming the holder where it is known. */
  lock(path: string): DiskLock
}

export interface DiskFile {
  readonly path: string
  /** As of the last write through this handle; 0 for a new file. */
  readonly size: number
  /** Reads up to target.length bytes; returns fewer only at the end of the file. */
  readSync(target: Uint8Array, position: number): number
  read(target: Uint8Array, position: number): Promise<number>
  /** Writes all the chunks one behind the other, or fails: then any prefix of them may have been written. */
  writeSync(chunks: readonly Uint8Array[], position: number): void
  write(chunks: readonly Uint8Array[], position: number): Promise<void>
  truncateSync(size: number): void
  /** Makes what was written durable (fdatasync). A failed sync means that the bytes must not be trusted. */
  sync(): Promise<void>
  syncSync(): void
  closeSync(): void
}

export interface DiskLock {
  release(): void
}

/** 'descriptors': the process or the system has as many files and connections open as it may. */
export type DiskErrorKind = 'missing' | 'full' | 'descriptors' | 'denied' | 'locked' | 'io'

export class DiskError extends Error {
  readonly kind: DiskErrorKind
  readonly path: string
  constructor(kind: DiskErrorKind, path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DiskError'
    this.kind = kind
    this.path = path
  }
}
