import type { Random } from '@odradek/platform'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import { newClusterFeatures } from '../core/cluster/features.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { OdradekError } from '../odradek-error.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'

export interface FoundationOptions {
  readonly random: Random
  /** Of the broker that founds it. */
  readonly config: BrokerConfig
  /** Demanded of an existing cluster; for one that is founded now its id, by chance where it is left out. */
  readonly clusterId?: string | undefined
}

/** What a cluster is born with. Throws OdradekError where there is a cluster, with another id than the one demanded. */
export function foundation(image: ClusterImage, { random, config, clusterId }: FoundationOptions): ClusterChange[] {
  if (image.clusterId !== '' && clusterId !== undefined && clusterId !== image.clusterId) {
    throw new OdradekError(
      'other-cluster',
      `The metadata in the data directory is of cluster ${image.clusterId}, but its meta.properties says ${clusterId}: files of two clusters were mixed. Restore the right ones, or start with another data directory (log.dirs).`,
    )
  }
  return [
    { kind: 'cluster', value: { clusterId: clusterId ?? random.bytes(16).toString('base64url') } },
    ...newClusterFeatures.map(([name, level]) => ({ kind: 'feature' as const, name, value: { level } })),
    // Eligible leader replicas need one minimum for the whole cluster, so a new cluster is born with it: with that of its
    // founder, as in Kafka.
    {
      kind: 'config',
      resource: { type: 'broker', name: '' },
      value: { 'min.insync.replicas': config.text('min.insync.replicas') ?? '1' },
    },
  ]
}

/** For a store that several share: whoever comes first founds the cluster. Resolves to its id. */
export async function foundCluster(metadata: ClusterMetadata, options: FoundationOptions): Promise<string> {
  while (metadata.image.clusterId === '') await metadata.commit(foundation(metadata.image, options))
  return metadata.image.clusterId
}
