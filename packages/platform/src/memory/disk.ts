import type { Clock } from '../clock.ts'
import { type Disk, DiskError, type DiskFile, type DiskLock } from '../disk.ts'
import { BlockBytes } from './bytes.ts'
import { Directory, Tree } from './tree.ts'

export interface MemoryDiskOptions {
  /** Gives files their times of change; without it they are all of 1970. */
  clock?: Pick<Clock, 'now'>
  /** Behind it writes fail with DiskError 'full'. */
  limitBytes?: number
}

/** A disk that is gone with its process. Pooled calls are done at once: their promises are resolved already. */
export function createMemoryDisk(options: MemoryDiskOptions = {}): Disk {
  return new MemoryDisk(options)
}

class MemoryDisk implements Disk {
  readonly #volume: Volume
  readonly #tree: Tree<StoredFile>
  readonly #locks = new Set<string>()

  constructor({ clock, limitBytes = Number.POSITIVE_INFINITY }: MemoryDiskOptions) {
    this.#volume = { now: () => clock?.now() ?? 0, limitBytes, usedBytes: 0 }
    this.#tree = new Tree<StoredFile>({
      createFile: () => new StoredFile(this.#volume),
      onUnlink: file => file.unlink(),
    })
  }

  openSync(path: string, { create = true }: { create?: boolean } = {}): DiskFile {
    return new MemoryFile(path, this.#tree.openFile(path, create))
  }

  makeDirectorySync(path: string): void {
    this.#tree.makeDirectory(path)
  }

  listSync(path: string): string[] {
    return [...this.#tree.directory(path).entries.keys()].sort()
  }

  statSync(path: string): ReturnType<Disk['statSync']> {
    const entry = this.#tree.find(path)
    if (entry === null) return null
    if (entry instanceof Directory) return { kind: 'directory', size: 0, modifiedMs: 0 }
    return { kind: 'file', size: entry.bytes.size, modifiedMs: entry.modifiedMs }
  }

  renameSync(from: string, to: string): void {
    this.#tree.rename(from, to)
  }

  removeSync(path: string): void {
    this.#tree.remove(path)
  }

  async remove(path: string): Promise<void> {
    this.#tree.remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    this.#tree.directory(path)
  }

  syncDirectorySync(path: string): void {
    this.#tree.directory(path)
  }

  spaceSync(path: string): { totalBytes: number; usableBytes: number } {
    if (this.#tree.find(path) === null) throw new DiskError('missing', path, `${path} does not exist`)
    const totalBytes = Math.min(this.#volume.limitBytes, Number.MAX_SAFE_INTEGER)
    return { totalBytes, usableBytes: Math.max(0, totalBytes - this.#volume.usedBytes) }
  }

  lock(path: string): DiskLock {
    if (this.#locks.has(path)) throw new DiskError('locked', path, `${path} is locked by another broker on this disk`)
    this.#tree.openFile(path, true)
    this.#locks.add(path)
    return { release: () => this.#locks.delete(path) }
  }
}

interface Volume {
  readonly now: () => number
  readonly limitBytes: number
  usedBytes: number
}

/** What a name and any number of handles share. Its memory counts until the last of them is gone. */
class StoredFile {
  readonly bytes = new BlockBytes()
  readonly #volume: Volume
  #handles = 0
  #isLinked = true
  modifiedMs: number

  constructor(volume: Volume) {
    this.#volume = volume
    this.modifiedMs = volume.now()
  }

  write(path: string, chunks: readonly Uint8Array[], position: number): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const needed = this.bytes.bytesNeeded(length, position)
    if (this.#volume.usedBytes + needed > this.#volume.limitBytes) {
      throw new DiskError('full', path, `${path}: the limit of ${this.#volume.limitBytes} bytes in memory is reached`)
    }
    let at = position
    for (const chunk of chunks) {
      this.bytes.write(chunk, at)
      at += chunk.length
    }
    this.#volume.usedBytes += needed
    this.modifiedMs = this.#volume.now()
  }

  truncate(size: number): void {
    const before = this.bytes.allocatedBytes
    this.bytes.truncate(size)
    this.#volume.usedBytes += this.bytes.allocatedBytes - before
    this.modifiedMs = this.#volume.now()
  }

  open(): void {
    this.#handles++
  }

  close(): void {
    this.#handles--
    this.#freeIfForgotten()
  }

  unlink(): void {
    this.#isLinked = false
    this.#freeIfForgotten()
  }

  #freeIfForgotten(): void {
    if (this.#handles === 0 && !this.#isLinked) this.truncate(0)
  }
}

class MemoryFile implements DiskFile {
  readonly path: string
  readonly #file: StoredFile
  #isOpen = true

  constructor(path: string, file: StoredFile) {
    this.path = path
    this.#file = file
    file.open()
  }

  get size(): number {
    return this.#file.bytes.size
  }

  readSync(target: Uint8Array, position: number): number {
    return this.#open().bytes.read(target, position)
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#open().write(this.path, chunks, position)
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.writeSync(chunks, position)
  }

  truncateSync(size: number): void {
    this.#open().truncate(size)
  }

  async sync(): Promise<void> {
    this.#open()
  }

  syncSync(): void {
    this.#open()
  }

  closeSync(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#file.close()
  }

  #open(): StoredFile {
    if (!this.#isOpen) throw new DiskError('io', this.path, `${this.path} is closed`)
    return this.#file
  }
}
