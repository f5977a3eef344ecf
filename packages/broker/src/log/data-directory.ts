import type { Disk, Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'

export interface DataDirectoryOptions {
  readonly disk: Disk
  readonly random: Random
  readonly logger: Logger
  readonly path: string
  readonly nodeId: number
  /** Demanded of an existing directory when given; a new one takes it, or a random id. */
  readonly clusterId?: string
}

/** The data directory: its lock and meta.properties. Comes first at start, before the metadata store and the logs. */
export declare class DataDirectory {
  /**
   * Creates what is missing and takes the lock.
   * Throws OdradekError when another process holds it, or when it belongs to another node or cluster.
   */
  static open(options: DataDirectoryOptions): DataDirectory
  readonly path: string
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  /** Gives the lock back. Last at stop. */
  release(): void
}
