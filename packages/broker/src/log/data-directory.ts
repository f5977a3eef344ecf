import { type Disk, DiskError, type DiskLock, type Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { localMetadataFile, lockFile, metaPropertiesFile } from './file-names.ts'
import { directoryOf, readTextFile, replaceTextFileSync } from './text-file.ts'

export interface DataDirectoryOptions {
  readonly disk: Disk
  readonly random: Random
  readonly logger: Logger
  readonly path: string
  /** Demanded of an existing directory when given; a new one takes it, or 1. */
  readonly nodeId?: number
  /** Demanded of an existing directory when given; a new one takes it, or a random id. */
  readonly clusterId?: string
  /** Whether its cluster's metadata lies in a store that several brokers share, and not in the directory itself. */
  readonly isShared?: boolean
}

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  readonly isShared: boolean
}

/** A data directory, of which a broker may have several: its lock and meta.properties. Comes first at start, before the metadata store and the logs. */
export class DataDirectory {
  readonly path: string
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  /** It had no meta.properties before. */
  readonly isNew: boolean
  readonly #properties: MetaProperties
  readonly #lock: DiskLock

  private constructor(path: string, properties: MetaProperties, lock: DiskLock, isNew: boolean) {
    this.path = path
    this.isNew = isNew
    this.clusterId = properties.clusterId
    this.nodeId = properties.nodeId
    this.directoryId = properties.directoryId
    this.#properties = properties
    this.#lock = lock
  }

  /**
   * Creates what is missing and takes the lock.
   * Throws OdradekError when another process holds it, or when it belongs to another node or cluster.
   */
  static open(options: DataDirectoryOptions): DataDirectory {
    const { disk, random, logger, path, nodeId, clusterId, isShared = false } = options
    const lock = takeLock(disk, path)
    try {
      const file = `${path}/${metaPropertiesFile}`
      const found = readMetaProperties(disk, path)
      if (found !== null) {
        checkOwner(found, path, { nodeId, clusterId })
        checkKind(disk, path, { found, isShared })
        if (found.isShared !== isShared) replaceTextFileSync(disk, file, format({ ...found, isShared }))
        return new DataDirectory(path, found, lock, false)
      }
      const properties: MetaProperties = {
        clusterId: clusterId ?? randomUuid(random),
        nodeId: nodeId ?? 1,
        directoryId: randomUuid(random),
        isShared,
      }
      syncAncestors(disk, path)
      replaceTextFileSync(disk, file, format(properties))
      logger.info('made a new data directory', { path, clusterId: properties.clusterId, nodeId: properties.nodeId })
      return new DataDirectory(path, properties, lock, true)
    } catch (error) {
      lock.release()
      throw error instanceof DiskError ? dataDirectoryFailure(path, error) : error
    }
  }

  /** From now on its metadata lies in a store that several brokers share. Throws DiskError. */
  becomeShared(disk: Disk): void {
    replaceTextFileSync(disk, `${this.path}/${metaPropertiesFile}`, format({ ...this.#properties, isShared: true }))
  }

  /** Gives the lock back. Last at stop. */
  release(): void {
    this.#lock.release()
  }
}

/** Whose the directory is; null where it is new. Throws DiskError, and OdradekError for what cannot be understood. */
export function readMetaProperties(disk: Disk, path: string): MetaProperties | null {
  const file = `${path}/${metaPropertiesFile}`
  const text = readTextFile(disk, file)
  return text === null || text.trim() === '' ? null : parse(text, file)
}

/** For a look at what may lie on a disk that fails. */
export function orNull<T>(look: () => T | null): T | null {
  try {
    return look()
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}

function takeLock(disk: Disk, path: string): DiskLock {
  try {
    if (disk.statSync(path)?.kind === 'file') {
      throw new OdradekError('data-directory-unusable', `The data directory ${path} is a file: name a directory.`)
    }
    makeDirectory(disk, path)
    return disk.lock(`${path}/${lockFile}`)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    if (error.kind !== 'locked') throw dataDirectoryFailure(path, error)
    throw new OdradekError(
      'data-directory-locked',
      `The data directory ${path} is in use: ${error.message} (log.dirs).`,
      { cause: error },
    )
  }
}

/**
 * What is synced in a directory is lost all the same when the power takes the directory's own name. Once, before
 * meta.properties says that the directory is made: later starts need not look.
 */
function syncAncestors(disk: Disk, path: string): void {
  for (let directory = path; directory !== ''; ) {
    directory = directory.slice(0, directory.lastIndexOf('/'))
    try {
      disk.syncDirectorySync(directory === '' ? '/' : directory)
    } catch (error) {
      // One that we may not even open was not made by us.
      if (!(error instanceof DiskError) || error.kind !== 'denied') throw error
    }
  }
}

/** With its parents, and so that a power loss cannot take their names. */
function makeDirectory(disk: Disk, path: string): void {
  const made: string[] = []
  for (let missing = path; missing !== '' && disk.statSync(missing) === null; missing = directoryOf(missing))
    made.push(missing)
  disk.makeDirectorySync(path)
  for (const name of made) disk.syncDirectorySync(directoryOf(name) || '/')
}

/** What a person can do about a disk that does not let the broker start. */
export function dataDirectoryFailure(path: string, cause: DiskError): OdradekError {
  const problem = (text: string) => new OdradekError('data-directory-unusable', text, { cause })
  switch (cause.kind) {
    case 'full':
      return problem(
        `No space is left for the data directory ${path}: free some, or choose another directory (log.dirs).`,
      )
    case 'denied':
      return problem(
        `This user may not read and write all of the data directory ${path} (${cause.path}): change its owner or permissions, or choose another directory (log.dirs).`,
      )
    case 'missing':
      return problem(`The data directory ${path} cannot be made: part of its path is no directory (${cause.message}).`)
    default:
      return problem(`The data directory ${path} cannot be used: ${cause.message}`)
  }
}

function checkOwner(
  properties: MetaProperties,
  path: string,
  wanted: { nodeId: number | undefined; clusterId: string | undefined },
): void {
  if (wanted.clusterId !== undefined && wanted.clusterId !== properties.clusterId) {
    throw new OdradekError(
      'other-cluster',
      `The data directory ${path} belongs to cluster ${properties.clusterId}, not to ${wanted.clusterId}. Use that cluster's id, or another data directory (log.dirs).`,
    )
  }
  if (wanted.nodeId !== undefined && wanted.nodeId !== properties.nodeId) {
    throw new OdradekError(
      'other-node',
      `The data directory ${path} belongs to node ${properties.nodeId}, not to ${wanted.nodeId}. Set node.id=${properties.nodeId}, or use another data directory (log.dirs).`,
    )
  }
}

/** Topics are told by the metadata: under the wrong one, the logs in the directory would be strangers. */
function checkKind(disk: Disk, path: string, { found, isShared }: { found: MetaProperties; isShared: boolean }): void {
  if (found.isShared && !isShared) {
    throw new OdradekError(
      'shared-cluster',
      `The data directory ${path} is of node ${found.nodeId} of a cluster of several brokers, ${found.clusterId}. Start it with --cluster, or use another data directory (log.dirs).`,
    )
  }
  if (isShared && !found.isShared && disk.statSync(`${path}/${localMetadataFile}`) !== null) {
    throw new OdradekError(
      'single-broker',
      `The data directory ${path} is of a broker that was a cluster of its own. Bring its topics into the shared metadata first, with odradek cluster import, or use another data directory (log.dirs).`,
    )
  }
}

function format({ clusterId, nodeId, directoryId, isShared }: MetaProperties): string {
  const shared = isShared ? `${sharedProperty}=true\n` : ''
  return `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n${shared}`
}

/** Ours alone: Kafka's tools pass over it. */
const sharedProperty = 'odradek.shared.metadata'

function parse(text: string, file: string): MetaProperties {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s]+)\s*[=:]\s*(.*?)\s*$/.exec(line)
    // Java escapes ':' and '=' in values of its properties files.
    if (match !== null) values.set(match[1] as string, (match[2] as string).replaceAll(/\\(.)/g, '$1'))
  }
  const clusterId = values.get('cluster.id')
  const nodeId = values.get('node.id')
  const directoryId = values.get('directory.id')
  if (values.get('version') !== '1' || clusterId === undefined || nodeId === undefined || directoryId === undefined) {
    throw new OdradekError(
      'meta-properties-broken',
      `${file} is not what Kafka (version=1) or Odradek writes. If the directory holds nothing of worth, remove it; else restore this file.`,
    )
  }
  return { clusterId, nodeId: Number(nodeId), directoryId, isShared: values.get(sharedProperty) === 'true' }
}

/** Kafka's uuids: 16 random bytes in base64url, never with a leading '-', which tools would take for an option. */
export function randomUuid(random: Random): string {
  for (;;) {
    const bytes = random.bytes(16)
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
