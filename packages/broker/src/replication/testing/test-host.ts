/** For tests: what partitions of a broker need that is alone in its cluster. */
import type { Clock } from '@odradek/platform'
import { createSimulation } from '@odradek/platform/simulated'
import { silentLogger } from '../../logger.ts'
import { DeletionPurgatory } from '../deletion-purgatory.ts'
import { FetchPurgatory } from '../fetch-purgatory.ts'
import type { PartitionHost } from '../partition.ts'
import { ReplicaFetchers } from '../replica-fetchers.ts'
import { ReplicationThrottle } from '../replication-throttle.ts'

export function testHost({ brokerId, clock }: { brokerId: number; clock: Clock }): PartitionHost {
  return {
    brokerId,
    clock,
    purgatory: new FetchPurgatory(clock),
    deletions: new DeletionPurgatory(),
    mayLead: () => true,
    sendsToNearReplicas: () => false,
    rackOf: () => null,
    giveUpReplica: () => {},
    isLive: id => id === brokerId,
    lagMsMax: () => 30_000,
    upheldMs: () => 1000,
    alterIsr: () => Promise.resolve('refused'),
  }
}

export function testFetchers({ brokerId, clock }: { brokerId: number; clock: Clock }): ReplicaFetchers {
  return new ReplicaFetchers({
    brokerId,
    brokerEpoch: () => 1,
    addressOf: () => undefined,
    brokerEpochOf: () => null,
    onLeaderEnded: () => {},
    config: () => ({
      partitionBytesMax: 1_000_000,
      responseBytesMax: 1_000_000,
      bytesMin: 1,
      waitMsMax: 500,
      backoffMs: 1000,
      timeoutMs: 30_000,
    }),
    throttle: new ReplicationThrottle({
      config: { side: 'follower', samples: 11, sampleMs: 1000, bytesPerSecondMax: () => Number.POSITIVE_INFINITY },
      brokerId,
      clock,
    }),
    network: createSimulation({ seed: 'alone' }).platform('broker').network,
    clock,
    logger: silentLogger,
  })
}
