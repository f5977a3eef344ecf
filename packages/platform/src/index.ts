export type { Clock, Timer } from './clock.ts'
export { type Disk, DiskError, type DiskErrorKind, type DiskFile, type DiskLock } from './disk.ts'
export { createMemoryDisk, type MemoryDiskOptions } from './memory/disk.ts'
export {
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Network,
  NetworkError,
  type NetworkErrorKind,
} from './network.ts'
export type { Platform } from './platform.ts'
export type { Random } from './random.ts'
