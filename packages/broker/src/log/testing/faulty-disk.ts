/** For tests: a memory disk whose writes and syncs can be held back, slow, or made to fail (by path), in part or whole, and with few descriptors. */
import { createMemoryDisk, type Disk, DiskError, type DiskFile, type DiskLock } from '@odradek/platform'

type Fault = (path: string) => DiskError | null

export class FaultyDisk implements Disk {
  readonly #disk = createMemoryDisk()
  readonly #syncs: string[] = []
  #heldWrites: (() => void)[] = []
  #heldSyncs: (() => void)[] = []
  holdsWrites = false
  holdsSyncs = false
  failWrites: Fault = () => null
  failSyncs: Fault = () => null
  /** Bytes of a failed write that reach the file. */
  writesPart = 0
  onWriteSync: () => void = () => {}
  onPooledWrite: (path: string, chunks: readonly Uint8Array[]) => void = () => {}
  /** Files that may be open at a time. */
  descriptorsMax = Number.POSITIVE_INFINITY
  #descriptors = 0
  pooledWrites = 0

  syncsOf(suffix: string): number {
    return this.#syncs.filter(path => path.endsWith(suffix)).length
  }

  releaseWrites(): void {
    this.holdsWrites = false
    for (const go of this.#heldWrites.splice(0)) go()
  }

  releaseSyncs(): void {
    this.holdsSyncs = false
    for (const go of this.#heldSyncs.splice(0)) go()
  }

  openSync(path: string, options?: { create?: boolean }): DiskFile {
    this.#assertDescriptorsLeft(path)
    const file = this.#disk.openSync(path, options)
    this.#descriptors++
    let isOpen = true
    const write = (chunks: readonly Uint8Array[], position: number) => {
      const error = this.failWrites(path)
      if (error === null) return file.writeSync(chunks, position)
      file.writeSync([Buffer.concat(chunks).subarray(0, this.writesPart)], position)
      throw error
    }
    return {
      path,
      get size() {
        return file.size
      },
      readSync: (target, position) => file.readSync(target, position),
      read: (target, position) => file.read(target, position),
      writeSync: (chunks, position) => {
        this.onWriteSync()
        write(chunks, position)
      },
      write: async (chunks, position) => {
        this.pooledWrites++
        this.onPooledWrite(path, chunks)
        if (this.holdsWrites) await new Promise<void>(resolve => this.#heldWrites.push(resolve))
        write(chunks, position)
      },
      truncateSync: size => file.truncateSync(size),
      sync: async () => {
        this.#syncs.push(path)
        if (this.holdsSyncs) await new Promise<void>(resolve => this.#heldSyncs.push(resolve))
        const error = this.failSyncs(path)
        if (error !== null) throw error
      },
      syncSync: () => {},
      closeSync: () => {
        if (isOpen) this.#descriptors--
        isOpen = false
        file.closeSync()
      },
    }
  }

  #assertDescriptorsLeft(path: string): void {
    if (this.#descriptors >= this.descriptorsMax)
      throw new DiskError('descriptors', path, `${path}: too many open files`)
  }

  makeDirectorySync(path: string): void {
    this.#disk.makeDirectorySync(path)
  }

  listSync(path: string): string[] {
    return this.#disk.listSync(path)
  }

  statSync(path: string): ReturnType<Disk['statSync']> {
    return this.#disk.statSync(path)
  }

  renameSync(from: string, to: string): void {
    this.#disk.renameSync(from, to)
  }

  removeSync(path: string): void {
    this.#disk.removeSync(path)
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    this.#assertDescriptorsLeft(path)
    return this.#disk.syncDirectory(path)
  }

  syncDirectorySync(path: string): void {
    this.#disk.syncDirectorySync(path)
  }

  spaceSync(path: string): { totalBytes: number; usableBytes: number } {
    return this.#disk.spaceSync(path)
  }

  lock(path: string): DiskLock {
    return this.#disk.lock(path)
  }
}
