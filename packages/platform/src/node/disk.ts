import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Disk, DiskFile, DiskLock } from '../disk.ts'
import { lockFile } from './directory-lock.ts'
import { diskError } from './errors.ts'
import { NodeFile } from './file.ts'

/** Files of the machine. Windows cannot sync a directory and does not need to: there it is nothing. */
export const nodeDisk: Disk = {
  openSync(path: string, { create = true }: { create?: boolean } = {}): DiskFile {
    return guard(path, () => {
      const flags = fs.constants.O_RDWR | (create ? fs.constants.O_CREAT : 0)
      const descriptor = fs.openSync(path, flags, 0o644)
      return new NodeFile(path, descriptor, fs.fstatSync(descriptor).size)
    })
  },

  makeDirectorySync(path: string): void {
    guard(path, () => makeDirectory(path))
  },

  listSync(path: string): string[] {
    return guard(path, () => fs.readdirSync(path).sort())
  },

  statSync(path: string) {
    return guard(path, () => {
      const found = fs.statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return null
      return {
        kind: found.isDirectory() ? 'directory' : 'file',
        size: found.size,
        modifiedMs: Math.floor(found.mtimeMs),
      }
    })
  },

  renameSync(from: string, to: string): void {
    guard(from, () => fs.renameSync(from, to))
  },

  removeSync(path: string): void {
    guard(path, () => fs.rmSync(path, { recursive: true, force: true }))
  },

  remove(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.rm(path, { recursive: true, force: true }, error => (error ? reject(diskError(error, path)) : resolve()))
    })
  },

  syncDirectory(path: string): Promise<void> {
    if (process.platform === 'win32') return Promise.resolve()
    return new Promise((resolve, reject) => {
      fs.open(path, 'r', (openError, descriptor) => {
        if (openError) return reject(diskError(openError, path))
        fs.fsync(descriptor, syncError => {
          fs.close(descriptor, closeError => {
            const error = syncError ?? closeError
            if (error) reject(diskError(error, path))
            else resolve()
          })
        })
      })
    })
  },

  syncDirectorySync(path: string): void {
    if (process.platform === 'win32') return
    guard(path, () => {
      const descriptor = fs.openSync(path, 'r')
      try {
        fs.fsyncSync(descriptor)
      } finally {
        fs.closeSync(descriptor)
      }
    })
  },

  spaceSync(path: string) {
    return guard(path, () => {
      const volume = fs.statfsSync(path)
      return { totalBytes: volume.blocks * volume.bsize, usableBytes: volume.bavail * volume.bsize }
    })
  },

  lock(path: string): DiskLock {
    return lockFile(path)
  },
}

/** Not Node's own recursion, which never ends where a parent that is there takes no children, as in /proc/x. */
function makeDirectory(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(path)
  if (parent !== path && !fs.existsSync(parent)) makeDirectory(parent)
  try {
    fs.mkdirSync(path)
  } catch (error) {
    // Another process may have been quicker.
    if (!fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

function guard<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw diskError(error, path)
  }
}
