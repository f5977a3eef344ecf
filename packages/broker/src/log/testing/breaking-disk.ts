import { type Disk, DiskError, type DiskFile, type DiskLock } from '@odradek/platform'

/** For tests: a disk on which all that lies in one directory can fail, as where that directory is a disk of its own. */
export class BreakingDisk implements Disk {
  readonly #disk: Disk
  readonly broken = new Set<string>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  check(path: string): void {
    for (const directory of this.broken) {
      if (path === directory || path.startsWith(`${directory}/`)) throw new DiskError('io', path, `${path}: broken`)
    }
  }

  #checked(path: string): Disk {
    this.check(path)
    return this.#disk
  }

  openSync(path: string, options?: { create?: boolean }): DiskFile {
    return new BreakingFile(this.#checked(path).openSync(path, options), this)
  }

  makeDirectorySync(path: string): void {
    this.#checked(path).makeDirectorySync(path)
  }

  listSync(path: string): string[] {
    return this.#checked(path).listSync(path)
  }

  statSync(path: string): ReturnType<Disk['statSync']> {
    return this.#checked(path).statSync(path)
  }

  renameSync(from: string, to: string): void {
    this.#checked(from).renameSync(from, to)
  }

  removeSync(path: string): void {
    this.#checked(path).removeSync(path)
  }

  async remove(path: string): Promise<void> {
    await this.#checked(path).remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#checked(path).syncDirectory(path)
  }

  syncDirectorySync(path: string): void {
    this.#checked(path).syncDirectorySync(path)
  }

  spaceSync(path: string): { totalBytes: number; usableBytes: number } {
    return this.#checked(path).spaceSync(path)
  }

  lock(path: string): DiskLock {
    return this.#checked(path).lock(path)
  }
}

class BreakingFile implements DiskFile {
  readonly #file: DiskFile
  readonly #disk: BreakingDisk

  constructor(file: DiskFile, disk: BreakingDisk) {
    this.#file = file
    this.#disk = disk
  }

  get path(): string {
    return this.#file.path
  }

  get size(): number {
    return this.#file.size
  }

  get #checked(): DiskFile {
    this.#disk.check(this.path)
    return this.#file
  }

  readSync(target: Uint8Array, position: number): number {
    return this.#checked.readSync(target, position)
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return await this.#checked.read(target, position)
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#checked.writeSync(chunks, position)
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    await this.#checked.write(chunks, position)
  }

  truncateSync(size: number): void {
    this.#checked.truncateSync(size)
  }

  async sync(): Promise<void> {
    await this.#checked.sync()
  }

  syncSync(): void {
    this.#checked.syncSync()
  }

  closeSync(): void {
    this.#file.closeSync()
  }
}
