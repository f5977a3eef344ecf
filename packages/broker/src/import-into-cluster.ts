import { DiskError } from '@odradek/platform'
import { absolutePath, createNodePlatform } from '@odradek/platform/node'
import { DataDirectory, dataDirectoryFailure, readMetaProperties } from './log/data-directory.ts'
import { localMetadataFile } from './log/file-names.ts'
import { silentLogger } from './logger.ts'
import { LocalStore } from './metadata/local-store.ts'
import { commitChangesMax, type MetadataStore, MetadataStoreError, type StoreEntry } from './metadata/metadata-store.ts'
import { noteNodeId } from './metadata/node-ids.ts'
import { OdradekError } from './odradek-error.ts'
import { type ClusterAddress, openEtcdStore } from './open-etcd-store.ts'

export interface ImportOptions {
  /** The data directory of a broker that is stopped. */
  readonly data: string
  /** Where there is no cluster yet. */
  readonly cluster: ClusterAddress
}

export interface Imported {
  readonly clusterId: string
  /** Which the broker keeps. */
  readonly nodeId: number
  readonly topics: number
}

/** Behind the name of the metadata that was a broker's own: kept for a person to look at. */
const importedSuffix = '.imported'

/**
 * Makes a broker that was a cluster of its own the first of a cluster of several: its metadata goes to the shared store, its
 * logs stay where they are. What was interrupted is taken up again; nothing is written over.
 *
 * The directory becomes one of a shared cluster only when the store has all of it, so that at each moment the broker can be
 * started in one of the two ways, and not in the other.
 */
export async function importIntoCluster({ data: named, cluster }: ImportOptions): Promise<Imported> {
  const data = absolutePath(named)
  const { disk, clock, random, network } = createNodePlatform()
  const path = `${data}/${localMetadataFile}`
  try {
    if (readMetaProperties(disk, data) === null || disk.statSync(path) === null) {
      throw new OdradekError(
        'nothing-to-import',
        `The data directory ${data} is not of a broker that was a cluster of its own: there is no ${localMetadataFile} in it.`,
      )
    }
    const directory = DataDirectory.open({ disk, random, logger: silentLogger, path: data })
    try {
      const entries = await readOwn(path, { disk, clock })
      const store = await openEtcdStore(cluster, { clock, random, disk, network })
      try {
        await copy(entries, store, cluster.url)
        await noteNodeId(store, directory.nodeId)
      } finally {
        await store.close()
      }
      directory.becomeShared(disk)
      disk.renameSync(path, `${path}${importedSuffix}`)
      disk.syncDirectorySync(data)
      const topics = entries.filter(({ key }) => key.startsWith('topic/')).length
      return { clusterId: directory.clusterId, nodeId: directory.nodeId, topics }
    } finally {
      directory.release()
    }
  } catch (error) {
    if (error instanceof DiskError) throw dataDirectoryFailure(data, error)
    if (error instanceof MetadataStoreError) throw new OdradekError('metadata-store', error.message, { cause: error })
    throw error
  }
}

/** But for what is about a broker that runs. */
async function readOwn(
  path: string,
  { disk, clock }: Pick<ReturnType<typeof createNodePlatform>, 'disk' | 'clock'>,
): Promise<readonly StoreEntry[]> {
  const { store } = await LocalStore.open({ disk, clock, path })
  try {
    const { entries } = await store.read()
    return entries.filter(({ key }) => key !== 'controller' && !key.startsWith('broker/'))
  } finally {
    await store.close()
  }
}

async function copy(entries: readonly StoreEntry[], store: MetadataStore, url: string): Promise<void> {
  const there = new Map((await store.read()).entries.map(({ key, value }) => [key, value]))
  const own = new Map(entries.map(({ key, value }) => [key, value]))
  for (const [key, value] of there) if (own.get(key) !== value) throw notEmpty(url)
  const missing = entries.filter(({ key }) => !there.has(key))
  for (let start = 0; start < missing.length; start += commitChangesMax) {
    const part = missing.slice(start, start + commitChangesMax)
    const expected = new Map(part.map(({ key }) => [key, 0]))
    const { kind } = await store.commit(
      expected,
      part.map(({ key, value }) => ({ key, value })),
    )
    if (kind === 'conflict') throw notEmpty(url)
  }
}

function notEmpty(url: string): OdradekError {
  return new OdradekError(
    'prefix-not-empty',
    `There is something under ${url} already, and not of this broker: name another prefix, or remove what is there with etcdctl if nobody needs it.`,
  )
}
