import type { ConfigOverrides, ConfigResource, KnownBroker } from './cluster-image.ts'

/**
 * One entity of the cluster gets a new value, or goes (`value: null`). Changes that belong together are committed
 * together as a change set, and every image is the fold of change sets in order.
 */
export type ClusterChange =
  | { readonly kind: 'cluster'; readonly value: { readonly clusterId: string } }
  | { readonly kind: 'controller'; readonly value: { readonly brokerId: number } | null }
  | { readonly kind: 'broker'; readonly brokerId: number; readonly value: BrokerRegistration | null }
  | { readonly kind: 'known-broker'; readonly brokerId: number; readonly value: KnownBroker | null }
  | { readonly kind: 'topic'; readonly name: string; readonly value: TopicDefinition | null }
  | {
      readonly kind: 'partition'
      readonly topicId: string
      readonly index: number
      readonly value: PartitionState | null
    }
  | { readonly kind: 'config'; readonly resource: ConfigResource; readonly value: ConfigOverrides | null }
  | { readonly kind: 'producer-ids'; readonly value: { readonly next: number } }
  | { readonly kind: 'feature'; readonly name: string; readonly value: { readonly level: number } | null }

/** Of a broker that runs: it lives no longer than its lease. */
export interface BrokerRegistration extends KnownBroker {
  /** The broker asked to stop, and hands its leaderships over. Absent: no. */
  readonly inControlledShutdown?: boolean
}

/**
 * A topic with its partitions as they were born: leader = first live replica, in sync = the live replicas, epochs 0.
 * What has become of a partition since is its own `partition` entity, so that its leader can change it without
 * touching the topic; and a topic of a thousand partitions is born in one small change.
 */
export interface TopicDefinition {
  readonly topicId: string
  readonly partitions: readonly {
    readonly replicas: readonly number[]
    readonly leader: number
    readonly isr: readonly number[]
  }[]
}

/**
 * A partition's state as it is stored. What most partitions do not have is left out, so that a value stays small, and one
 * that was written before a field existed is still read: no ids, and recovered. PartitionImage says what each means.
 */
export interface PartitionState {
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly elr?: readonly number[]
  readonly lastKnownElr?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leaderRecoveryState?: 'recovering'
}

/** What was committed together at one revision. Revisions grow; they may have gaps. */
export interface ChangeSet {
  readonly revision: number
  readonly changes: readonly ClusterChange[]
}
