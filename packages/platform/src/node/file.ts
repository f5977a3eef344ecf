import fs from 'node:fs'
import { DiskError, type DiskFile } from '../disk.ts'
import { diskError } from './errors.ts'

/** An open file. Each call states its position: the descriptor's own is not used, so that calls may overlap. */
export class NodeFile implements DiskFile {
  readonly path: string
  readonly #descriptor: number
  #size: number
  #isOpen = true

  constructor(path: string, descriptor: number, size: number) {
    this.path = path
    this.#descriptor = descriptor
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  readSync(target: Uint8Array, position: number): number {
    const descriptor = this.#open()
    let done = 0
    try {
      while (done < target.length) {
        const count = fs.readSync(descriptor, target, done, target.length - done, position + done)
        if (count === 0) break
        done += count
      }
    } catch (error) {
      throw diskError(error, this.path)
    }
    return done
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const descriptor = this.#open()
      let done = 0
      const next = () => {
        if (done === target.length) return resolve(done)
        fs.read(descriptor, target, done, target.length - done, position + done, (error, count) => {
          if (error) return reject(diskError(error, this.path))
          done += count
          if (count === 0) resolve(done)
          else next()
        })
      }
      next()
    })
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    const descriptor = this.#open()
    let left = chunks
    let at = position
    try {
      while (left.length > 0) {
        const [first] = left
        const count =
          left.length === 1 && first !== undefined
            ? fs.writeSync(descriptor, first, 0, first.length, at)
            : fs.writevSync(descriptor, left, at)
        at += count
        left = after(left, count)
      }
    } catch (error) {
      throw diskError(error, this.path)
    }
    this.#wroteUpTo(at)
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const descriptor = this.#open()
      let left = chunks
      let at = position
      const next = () => {
        const [first] = left
        if (first === undefined) {
          this.#wroteUpTo(at)
          resolve()
        } else if (left.length === 1) fs.write(descriptor, first, 0, first.length, at, wrote)
        else fs.writev(descriptor, left, at, wrote)
      }
      // The kernel may take only a part (a signal, a nearly full disk): the rest follows, and the true reason with it.
      const wrote = (error: NodeJS.ErrnoException | null, count: number) => {
        if (error) return reject(diskError(error, this.path))
        at += count
        left = after(left, count)
        next()
      }
      next()
    })
  }

  truncateSync(size: number): void {
    try {
      fs.ftruncateSync(this.#open(), size)
    } catch (error) {
      throw diskError(error, this.path)
    }
    this.#size = size
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#open(), error => (error ? reject(diskError(error, this.path)) : resolve()))
    })
  }

  syncSync(): void {
    try {
      fs.fdatasyncSync(this.#open())
    } catch (error) {
      throw diskError(error, this.path)
    }
  }

  closeSync(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      fs.closeSync(this.#descriptor)
    } catch (error) {
      throw diskError(error, this.path)
    }
  }

  /** A closed descriptor's number may belong to another file by now: it must never be used again. */
  #open(): number {
    if (!this.#isOpen) throw new DiskError('io', this.path, `${this.path} is closed`)
    return this.#descriptor
  }

  #wroteUpTo(end: number): void {
    if (end > this.#size) this.#size = end
  }
}

/** The chunks without their first `count` bytes. The usual case, all of them, allocates nothing. */
function after(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skipped = 0
  let left = count
  for (const chunk of chunks) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(skipped + 1)]
    left -= chunk.length
    skipped++
  }
  return none
}

const none: readonly Uint8Array[] = []
