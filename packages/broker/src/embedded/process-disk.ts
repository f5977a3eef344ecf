import type { Disk, DiskFile, DiskLock } from '@odradek/platform'
import type { ProcessGate } from './process-gate.ts'

/**
 * A disk as one process sees it. When the process is gone, calls that were under way still happen, and nobody hears of them;
 * then its files are closed and its locks free, and what was written stays.
 */
export class ProcessDisk implements Disk {
  readonly #disk: Disk
  readonly #gate: ProcessGate
  readonly #files = new Set<DiskFile>()
  readonly #locks = new Set<DiskLock>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(disk: Disk, gate: ProcessGate) {
    this.#disk = disk
    this.#gate = gate
  }

  openSync(path: string, options?: { create?: boolean }): DiskFile {
    const file = this.#disk.openSync(path, options)
    this.#files.add(file)
    return new ProcessFile(file, { run: call => this.#run(call), onClose: () => this.#files.delete(file) })
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
    return this.#run(() => this.#disk.remove(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run(() => this.#disk.syncDirectory(path))
  }

  syncDirectorySync(path: string): void {
    this.#disk.syncDirectorySync(path)
  }

  spaceSync(path: string): { totalBytes: number; usableBytes: number } {
    return this.#disk.spaceSync(path)
  }

  lock(path: string): DiskLock {
    const lock = this.#disk.lock(path)
    this.#locks.add(lock)
    return {
      release: () => {
        if (this.#locks.delete(lock)) lock.release()
      },
    }
  }

  /** What the kernel does for a process that is gone. */
  async closeAll(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    for (const file of this.#files) file.closeSync()
    this.#files.clear()
    for (const lock of this.#locks) lock.release()
    this.#locks.clear()
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#gate.isDead) return new Promise(() => {})
    const running = call()
    const ended = running.then(
      () => {},
      () => {},
    )
    this.#underWay.add(ended)
    void ended.then(() => this.#underWay.delete(ended))
    return this.#gate.settle(running)
  }
}

class ProcessFile implements DiskFile {
  readonly path: string
  readonly #file: DiskFile
  readonly #run: <T>(call: () => Promise<T>) => Promise<T>
  readonly #onClose: () => void

  constructor(file: DiskFile, options: { run: <T>(call: () => Promise<T>) => Promise<T>; onClose: () => void }) {
    this.path = file.path
    this.#file = file
    this.#run = options.run
    this.#onClose = options.onClose
  }

  get size(): number {
    return this.#file.size
  }

  readSync(target: Uint8Array, position: number): number {
    return this.#file.readSync(target, position)
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run(() => this.#file.read(target, position))
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#file.writeSync(chunks, position)
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return this.#run(() => this.#file.write(chunks, position))
  }

  truncateSync(size: number): void {
    this.#file.truncateSync(size)
  }

  sync(): Promise<void> {
    return this.#run(() => this.#file.sync())
  }

  syncSync(): void {
    this.#file.syncSync()
  }

  closeSync(): void {
    this.#onClose()
    this.#file.closeSync()
  }
}
