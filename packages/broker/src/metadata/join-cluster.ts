import type { Random } from '@odradek/platform'
import type { BrokerRegistration, ClusterChange } from '../core/cluster/cluster-change.ts'
import { newClusterFeatures } from '../core/cluster/features.ts'
import { OdradekError } from '../odradek-error.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'

/**
 * Registers this broker, founding the cluster when there is none, and makes it the controller: on one node it is the
 * only one that can be. Resolves to the cluster's id once the broker is in the image; throws OdradekError where the
 * metadata is of another cluster than the one that is asked for.
 */
export async function joinCluster(options: {
  readonly metadata: ClusterMetadata
  readonly random: Random
  readonly brokerId: number
  readonly registration: BrokerRegistration
  /** The id for a cluster that is founded now; by chance where it is left out. */
  readonly clusterId?: string | undefined
}): Promise<string> {
  const { metadata, random, brokerId, registration } = options
  const { clusterId } = metadata.image
  if (clusterId !== '' && options.clusterId !== undefined && options.clusterId !== clusterId) {
    throw new OdradekError(
      'other-cluster',
      `The metadata in the data directory is of cluster ${clusterId}, but its meta.properties says ${options.clusterId}: files of two clusters were mixed. Restore the right ones, or start with another data directory (log.dirs).`,
    )
  }
  const founding = options.clusterId ?? random.bytes(16).toString('base64url')
  for (;;) {
    const changes: ClusterChange[] = [
      ...(metadata.image.clusterId === '' ? foundation(founding) : []),
      { kind: 'broker', brokerId, value: registration },
      { kind: 'controller', value: { brokerId } },
    ]
    if ((await metadata.commit(changes)) === 'committed') return metadata.image.clusterId
  }
}

function foundation(clusterId: string): ClusterChange[] {
  return [
    { kind: 'cluster', value: { clusterId } },
    ...newClusterFeatures.map(([name, level]) => ({ kind: 'feature' as const, name, value: { level } })),
    // Eligible leader replicas need one minimum for the whole cluster, so a new cluster is born with it.
    { kind: 'config', resource: { type: 'broker', name: '' }, value: { 'min.insync.replicas': '1' } },
  ]
}
