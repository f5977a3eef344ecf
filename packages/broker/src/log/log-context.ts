import type { Clock, Disk, Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import type { DeferredRemoval } from './deferred-removal.ts'
import type { DirectoryNames } from './directory-names.ts'
import type { FileReader } from './file-reader.ts'
import type { DiskPace } from './group-commit.ts'
import type { OpenSegments } from './open-segments.ts'
import type { TailCache } from './tail-cache.ts'

/** What all logs of a broker share. */
export interface SharedLogContext {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly cache: TailCache
  readonly open: OpenSegments
  readonly pace: DiskPace
  readonly reader: FileReader
  readonly removal: DeferredRemoval
  /** producer.id.expiration.ms. */
  readonly producerIdExpirationMs: number
}

/** What all logs in a directory share. */
export interface LogContext extends SharedLogContext {
  /** The partitions' directories in the data directory. */
  readonly names: DirectoryNames
  /** The disk failed one of them. Must not throw. */
  readonly diskFailed: (error: unknown) => void
  /** See `Checkpoints`. */
  readonly lowerRecoveryPoint: (name: string, offset: number) => Promise<void>
}
