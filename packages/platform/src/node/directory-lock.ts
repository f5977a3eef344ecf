import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { DiskError, type DiskLock } from '../disk.ts'
import { diskError } from './errors.ts'

const sqliteBusy = 5
const sqliteLocked = 6

/** A database that nobody refers to is closed when garbage is collected, and its lock with it. */
const databasesHeld = new Set<DatabaseSync>()

/**
 * Locks the file at `path`, creating it empty. The kernel drops the lock when the process dies, however it dies.
 *
 * Node has no flock or fcntl of its own, and a file that names a pid lies as soon as pids are reused or two containers share
 * a volume. SQLite, which is built into Node, takes real locks (fcntl on POSIX, LockFileEx on Windows) when a transaction
 * begins exclusively; nothing is written to the file. They are the same kind of lock that the Java broker takes on its `.lock`,
 * so that the two refuse each other's data directory too.
 *
 * POSIX drops a process's locks on a file when it closes any descriptor of it: nothing else here may open this path.
 */
export function lockFile(path: string): DiskLock {
  const sqlite = loadSqlite()
  let database: DatabaseSync | null = null
  try {
    database = new sqlite.DatabaseSync(path, { timeout: 0 })
    // The journal stays in memory, or SQLite would leave a second file behind.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    const code = sqliteCode(error)
    if (code === sqliteBusy || code === sqliteLocked) throw locked(path, error)
    throw cannotLock(path, error)
  }
  const held = database
  databasesHeld.add(held)
  return {
    release() {
      if (databasesHeld.delete(held)) held.close()
    },
  }
}

/** On first use: a broker in memory never needs it. Node 22 warns that its interface may change; what we use is not at stake. */
function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Says what SQLite does not. Nothing is opened for it: closing the file again would drop a lock that we hold already. */
function cannotLock(path: string, error: unknown): DiskError {
  try {
    accessSync(dirname(path), constants.R_OK | constants.W_OK)
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) accessSync(path, constants.R_OK | constants.W_OK)
  } catch (reason) {
    return diskError(reason, path)
  }
  return diskError(error, path)
}

/** The primary result code: the low byte of an extended one. */
function sqliteCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0
}

function locked(path: string, cause: unknown): DiskError {
  const pid = holderOf(path)
  const holder = pid === null ? 'another process' : pid === process.pid ? 'this very process' : `process ${pid}`
  return new DiskError('locked', path, `${path} is locked by ${holder}: stop it, or choose another directory`, {
    cause,
  })
}

/** The pid that Linux lists as the holder of a lock on this file; null where it cannot be known (it then lives elsewhere). */
function holderOf(path: string): number | null {
  try {
    const { ino } = statSync(path, { bigint: true })
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      // 1: POSIX  ADVISORY  WRITE 9839 fe:00:9986383 1073741824 1073742335
      const [, , , , pid, file] = line.trim().split(/\s+/)
      if (file?.split(':')[2] === String(ino) && Number(pid) > 0) return Number(pid)
    }
  } catch {
    // Not Linux, or no /proc: the error then names no pid.
  }
  return null
}
