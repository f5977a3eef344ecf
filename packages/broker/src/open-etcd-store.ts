import type { Platform } from '@odradek/platform'
import type { EtcdSecurity } from './metadata/etcd/etcd-client.ts'
import { parseEtcdUrl } from './metadata/etcd/etcd-url.ts'
import { type MetadataStore, MetadataStoreError } from './metadata/metadata-store.ts'
import { OdradekError } from './odradek-error.ts'

/** Where the brokers of a cluster keep what they share. */
export interface ClusterAddress {
  /** etcd://HOST:PORT[,HOST:PORT...]/PREFIX */
  readonly url: string
  /** How to speak to etcd: TLS with these PEM texts, a user with a password. */
  readonly security?: EtcdSecurity
}

/** Loads what speaks to etcd, which a broker alone has no use for. Throws OdradekError with what to do. */
export async function openEtcdStore(
  { url, security = {} }: ClusterAddress,
  { clock, random }: Platform,
): Promise<MetadataStore> {
  const { endpoints } = parseEtcdUrl(url)
  const { EtcdStore } = await import('./metadata/etcd/etcd-store.ts')
  try {
    return await EtcdStore.open({ url, clock, random, security })
  } catch (error) {
    if (!(error instanceof MetadataStoreError)) throw error
    const tls = security.tls === undefined ? 'without TLS' : 'with TLS'
    throw new OdradekError(
      'metadata-store',
      `The cluster's metadata cannot be read from etcd at ${endpoints.join(', ')}, ${tls}: ${error.message}. Look whether etcd runs there, and whether address, TLS files, user and password are right.`,
      { cause: error },
    )
  }
}
