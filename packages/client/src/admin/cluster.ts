import {
  apiVersionsRequest,
  apiVersionsResponse,
  describeClusterRequest,
  describeClusterResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'

export interface BrokerDescription {
  readonly brokerId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  /** Belongs to the cluster, and does not run. */
  readonly isFenced: boolean
}

export interface ClusterDescription {
  readonly clusterId: string
  /** -1 for none. */
  readonly controllerId: number
  /** By id. */
  readonly brokers: readonly BrokerDescription[]
}

/** A log directory of a broker. */
export interface LogDirDescription {
  readonly path: string
  /** 0: none. */
  readonly errorCode: number
  /** Of all replicas in it. */
  readonly usedBytes: number
  /** Of the volume; null where the broker does not tell. */
  readonly totalBytes: number | null
  readonly usableBytes: number | null
}

/** Those brokers that run; the fenced ones, too, where they are asked for. */
export async function describeCluster(
  cluster: ClusterClient,
  { includeFencedBrokers = false }: { readonly includeFencedBrokers?: boolean } = {},
): Promise<ClusterDescription> {
  const answer = await cluster.send('any', describeClusterRequest, describeClusterResponse, {
    includeClusterAuthorizedOperations: false,
    includeFencedBrokers,
  })
  KafkaError.check(answer.errorCode, answer.errorMessage)
  const brokers = answer.brokers
    .map(({ brokerId, host, port, rack, isFenced }) => ({ brokerId, host, port, rack, isFenced }))
    .sort((a, b) => a.brokerId - b.brokerId)
  return { clusterId: answer.clusterId, controllerId: answer.controllerId, brokers }
}

/** Levels of the features that the cluster works with, by name. */
export async function describeFeatures(cluster: ClusterClient): Promise<ReadonlyMap<string, number>> {
  const answer = await cluster.send('any', apiVersionsRequest, apiVersionsResponse, {
    clientSoftwareName: 'odradek',
    clientSoftwareVersion: '0.1.0',
  })
  KafkaError.check(answer.errorCode)
  return new Map(answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]))
}

export async function describeLogDirs(cluster: ClusterClient, brokerId: number): Promise<LogDirDescription[]> {
  const answer = await cluster.send({ node: brokerId }, describeLogDirsRequest, describeLogDirsResponse, {
    topics: null,
  })
  KafkaError.check(answer.errorCode)
  return answer.results.map(result => ({
    path: result.logDir,
    errorCode: result.errorCode,
    usedBytes: result.topics.reduce(
      (sum, { partitions }) => partitions.reduce((bytes, { partitionSize }) => bytes + partitionSize, sum),
      0,
    ),
    totalBytes: result.totalBytes < 0 ? null : result.totalBytes,
    usableBytes: result.usableBytes < 0 ? null : result.usableBytes,
  }))
}

/** Makes the cluster forget a broker that is gone for good. */
export async function unregisterBroker(cluster: ClusterClient, brokerId: number): Promise<void> {
  const answer = await cluster.send('controller', unregisterBrokerRequest, unregisterBrokerResponse, { brokerId })
  KafkaError.check(answer.errorCode, answer.errorMessage)
}
