import { type Disk, DiskError, type DiskFile, type DiskLock } from '../disk.ts'
import { Directory } from '../memory/tree.ts'
import { StoredNames } from './names.ts'
import { ProcessDied, type SimulatedProcess } from './process.ts'
import type { Range, SeededRandom } from './random.ts'
import { StoredFile } from './stored-file.ts'
import type { Trace } from './trace.ts'

/** What a disk may do to its programs. All are off by default but the latency of pooled calls. */
export interface DiskFaults {
  /** How long a pooled call takes; they end in any order. */
  pooledMs: Range
  /** How long a call on the loop blocks it. */
  blockingMs: Range
  /** Capacity; writes behind it fail with 'full', after any prefix of them was written. */
  limitBytes: number
  /** Of a read, a write or a sync that fails with 'io'. After a failed sync what it covered is in doubt. */
  readFailure: number
  writeFailure: number
  syncFailure: number
}

export function quietDisk(): DiskFaults {
  return {
    pooledMs: [0.05, 0.5],
    blockingMs: [0, 0],
    limitBytes: Number.POSITIVE_INFINITY,
    readFailure: 0,
    writeFailure: 0,
    syncFailure: 0,
  }
}

/**
 * A machine's disk. It outlives the processes; each of them works on it through its own ProcessDisk.
 *
 * Faults: at kill -9 a pooled write that was under way is done, not done, or done in part. At a power loss besides: see
 * StoredFile and StoredNames. Any time: full, slow, failing (the dials), and single bits that turn over (`rot`). The program
 * may be killed at any one call (`dieAt`), which is how a crash between two steps of one synchronous function is found.
 */
export class SimulatedDisk {
  readonly faults: DiskFaults = quietDisk()
  readonly names: StoredNames
  readonly locks = new Map<string, SimulatedProcess>()
  readonly writesUnderWay = new Set<WriteUnderWay>()
  readonly random: SeededRandom
  readonly trace: Trace
  #nowMs: () => number
  #callsLeft = Number.POSITIVE_INFINITY
  #die: () => void = () => {}

  constructor(random: SeededRandom, trace: Trace, nowMs: () => number) {
    this.random = random
    this.trace = trace
    this.#nowMs = nowMs
    this.names = new StoredNames(() => new StoredFile(nowMs()))
  }

  get nowMs(): number {
    return this.#nowMs()
  }

  /** Bytes in files that have a name. */
  get usedBytes(): number {
    let sum = 0
    for (const [, file] of this.names.files()) sum += file.bytes.allocatedBytes
    return sum
  }

  /** Has `die` called at the start of the n-th call from now on (1 is the very next). */
  dieAt(calls: number, die: () => void): void {
    this.#callsLeft = calls
    this.#die = die
  }

  countCall(): void {
    if (--this.#callsLeft > 0) return
    this.#callsLeft = Number.POSITIVE_INFINITY
    this.#die()
  }

  /** The process is gone, the page cache stays. */
  killProcess(process: SimulatedProcess): void {
    this.#callsLeft = Number.POSITIVE_INFINITY
    for (const write of this.writesUnderWay) {
      const bytes = Buffer.concat(write.chunks)
      const fate = this.random.integer(3)
      const count = fate === 0 ? 0 : fate === 1 ? bytes.length : this.random.integer(bytes.length + 1)
      write.file.write(bytes.subarray(0, count), write.position)
    }
    this.writesUnderWay.clear()
    for (const [path, holder] of this.locks) if (holder === process) this.locks.delete(path)
  }

  losePower(): void {
    this.names.losePower(this.random)
  }

  /** Turns bits over in the files that are named, but for the bytes that are spared; returns how many. */
  rot(bits: number, { isIn = () => true, isSpared = () => false }: RotPlaces = {}): number {
    const files = [...this.names.files()].filter(([path]) => isIn(path))
    let done = 0
    for (let bit = 0; bit < bits && files.length > 0; bit++) {
      const [path, file] = this.random.pick(files)
      if (file.rot(this.random, (position, bytes) => isSpared(path, position, bytes))) done++
    }
    return done
  }
}

export interface RotPlaces {
  readonly isIn?: (path: string) => boolean
  /** `bytes`: the whole file. */
  readonly isSpared?: (path: string, position: number, bytes: Buffer) => boolean
}

export interface WriteUnderWay {
  readonly file: StoredFile
  readonly chunks: readonly Uint8Array[]
  readonly position: number
}

/** The disk as one process sees it. */
export class ProcessDisk implements Disk {
  readonly #disk: SimulatedDisk
  readonly #process: SimulatedProcess

  constructor(disk: SimulatedDisk, process: SimulatedProcess) {
    this.#disk = disk
    this.#process = process
  }

  openSync(path: string, { create = true }: { create?: boolean } = {}): DiskFile {
    this.#begin('open', path)
    return new ProcessFile(path, this.#disk.names.tree.openFile(path, create), this.#disk, this.#process)
  }

  makeDirectorySync(path: string): void {
    this.#begin('make directory', path)
    this.#disk.names.tree.makeDirectory(path)
  }

  listSync(path: string): string[] {
    this.#begin('list', path)
    return [...this.#disk.names.tree.directory(path).entries.keys()].sort()
  }

  statSync(path: string): ReturnType<Disk['statSync']> {
    this.#begin('stat', path)
    const entry = this.#disk.names.tree.find(path)
    if (entry === null) return null
    if (entry instanceof Directory) return { kind: 'directory', size: 0, modifiedMs: 0 }
    return { kind: 'file', size: entry.bytes.size, modifiedMs: Math.floor(entry.modifiedMs) }
  }

  renameSync(from: string, to: string): void {
    this.#begin('rename', from)
    this.#disk.trace.text(to)
    this.#disk.names.tree.rename(from, to)
  }

  removeSync(path: string): void {
    this.#begin('remove', path)
    this.#disk.names.tree.remove(path)
  }

  remove(path: string): Promise<void> {
    return this.#pooled('remove', path, () => this.#disk.names.tree.remove(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#pooled('sync directory', path, () => this.#syncDirectory(path))
  }

  syncDirectorySync(path: string): void {
    this.#begin('sync directory', path)
    this.#process.block(this.#disk.random.between(this.#disk.faults.blockingMs))
    this.#syncDirectory(path)
  }

  spaceSync(path: string): { totalBytes: number; usableBytes: number } {
    this.#begin('space', path)
    if (this.#disk.names.tree.find(path) === null) throw new DiskError('missing', path, `${path} does not exist`)
    const totalBytes = Math.min(this.#disk.faults.limitBytes, Number.MAX_SAFE_INTEGER)
    return { totalBytes, usableBytes: Math.max(0, totalBytes - this.#disk.usedBytes) }
  }

  lock(path: string): DiskLock {
    this.#begin('lock', path)
    const { locks } = this.#disk
    const holder = locks.get(path)
    if (holder !== undefined) throw new DiskError('locked', path, `${path} is locked by a process on ${holder.machine}`)
    this.#disk.names.tree.openFile(path, true)
    locks.set(path, this.#process)
    return {
      release: () => {
        if (locks.get(path) === this.#process) locks.delete(path)
      },
    }
  }

  #syncDirectory(path: string): void {
    const directory = this.#disk.names.tree.directory(path)
    failBy(this.#disk, this.#disk.faults.syncFailure, path, 'sync')
    this.#disk.names.sync(directory)
  }

  #begin(call: string, path: string): void {
    begin(this.#disk, this.#process, call, path)
  }

  #pooled<T>(call: string, path: string, work: () => T): Promise<T> {
    return pooled(this.#disk, this.#process, { call, path, work })
  }
}

class ProcessFile implements DiskFile {
  readonly path: string
  readonly #file: StoredFile
  readonly #disk: SimulatedDisk
  readonly #process: SimulatedProcess
  #isOpen = true

  constructor(path: string, file: StoredFile, disk: SimulatedDisk, process: SimulatedProcess) {
    this.path = path
    this.#file = file
    this.#disk = disk
    this.#process = process
  }

  get size(): number {
    return this.#file.bytes.size
  }

  readSync(target: Uint8Array, position: number): number {
    this.#begin('read')
    this.#block()
    return this.#read(target, position)
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#assertOpen()
    return this.#pooled('read', () => this.#read(target, position))
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#begin('write')
    this.#block()
    this.#write(chunks, position)
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.#assertOpen()
    const write = { file: this.#file, chunks, position }
    const done = this.#pooled('write', () => {
      this.#disk.writesUnderWay.delete(write)
      this.#write(chunks, position)
    })
    if (this.#process.isAlive) this.#disk.writesUnderWay.add(write)
    return done
  }

  truncateSync(size: number): void {
    this.#begin('truncate')
    this.#disk.trace.number(size)
    this.#file.truncate(size)
    this.#file.modifiedMs = this.#process.clock.now()
  }

  async sync(): Promise<void> {
    this.#assertOpen()
    const mark = this.#file.mark()
    return this.#pooled('sync', () => this.#sync(mark))
  }

  syncSync(): void {
    this.#begin('sync')
    this.#block()
    this.#sync(this.#file.mark())
  }

  closeSync(): void {
    this.#isOpen = false
  }

  #read(target: Uint8Array, position: number): number {
    failBy(this.#disk, this.#disk.faults.readFailure, this.path, 'read')
    return this.#file.bytes.read(target, position)
  }

  #write(chunks: readonly Uint8Array[], position: number): void {
    const { faults, random, trace } = this.#disk
    const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    trace.number(position)
    trace.bytes(bytes)
    this.#file.modifiedMs = this.#process.clock.now()
    const isFull =
      faults.limitBytes !== Number.POSITIVE_INFINITY &&
      this.#disk.usedBytes + this.#file.bytes.bytesNeeded(bytes.length, position) > faults.limitBytes
    const fails = random.chance(faults.writeFailure)
    const isWhole = !isFull && !fails
    this.#file.write(isWhole ? bytes : bytes.subarray(0, random.integer(bytes.length + 1)), position)
    if (isWhole) return
    if (isFull) throw new DiskError('full', this.path, `${this.path}: no space left on the simulated disk`)
    throw new DiskError('io', this.path, `${this.path}: the simulated disk failed to write`)
  }

  #sync(mark: number): void {
    if (this.#disk.random.chance(this.#disk.faults.syncFailure)) {
      this.#file.failSync(this.#disk.random)
      throw new DiskError('io', this.path, `${this.path}: the simulated disk failed to sync`)
    }
    this.#file.syncUpTo(mark)
  }

  #begin(call: string): void {
    begin(this.#disk, this.#process, call, this.path)
    this.#assertOpen()
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new DiskError('io', this.path, `${this.path} is closed`)
  }

  #block(): void {
    this.#process.block(this.#disk.random.between(this.#disk.faults.blockingMs))
  }

  #pooled<T>(call: string, work: () => T): Promise<T> {
    return pooled(this.#disk, this.#process, { call, path: this.path, work })
  }
}

function begin(disk: SimulatedDisk, process: SimulatedProcess, call: string, path: string): void {
  process.assertAlive()
  disk.countCall()
  process.assertAlive()
  disk.trace.text(call)
  disk.trace.text(path)
}

/** A call that a dead process makes, or does not live to see the end of, never comes back. */
function pooled<T>(
  disk: SimulatedDisk,
  process: SimulatedProcess,
  { call, path, work }: { call: string; path: string; work: () => T },
): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      begin(disk, process, call, path)
    } catch (error) {
      if (error instanceof ProcessDied) return
      throw error
    }
    const doneAtMs = process.nowMs + disk.random.between(disk.faults.pooledMs)
    process.schedule(doneAtMs, `${process.machine} ${call}`, () => {
      try {
        resolve(work())
      } catch (error) {
        reject(error)
      }
    })
  })
}

function failBy(disk: SimulatedDisk, probability: number, path: string, call: string): void {
  if (disk.random.chance(probability)) throw new DiskError('io', path, `${path}: the simulated disk failed to ${call}`)
}
