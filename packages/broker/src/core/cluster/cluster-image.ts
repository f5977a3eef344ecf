// What the cluster is at one revision of its metadata: an immutable value that every part of the broker reads.
// A new image comes only out of foldChanges (fold-changes.ts); whoever holds an image may keep it for ever.

/** A broker of the cluster, whether it runs or not: from its first registration on until it is unregistered. */
export interface KnownBroker {
  readonly rack: string | null
  readonly endpoints: readonly BrokerEndpoint[]
}

/** Who a broker is, as it registered. */
export interface BrokerImage extends KnownBroker {
  readonly brokerId: number
  /** Grows with every registration of this broker: the revision that wrote it. -1 while it is fenced. */
  readonly epoch: number
  /** Known and not running: not to be shown to clients, nor to lead. */
  readonly fenced: boolean
  /** Still serves, and is not to lead or to join an ISR any more. */
  readonly inControlledShutdown: boolean
}

export interface BrokerEndpoint {
  readonly listenerName: string
  readonly securityProtocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** Null: whatever address the client reached the broker on. */
  readonly advertised: { readonly host: string; readonly port: number } | null
}

export interface TopicImage {
  readonly name: string
  /** 22 characters of base64url. */
  readonly topicId: string
  /** By partition index, without gaps. */
  readonly partitions: readonly PartitionImage[]
}

export interface PartitionImage {
  /** Broker id; -1 while there is none. */
  readonly leader: number
  /** Grows by one with every change of leader. */
  readonly leaderEpoch: number
  /** Grows by one with every change of this partition's state. */
  readonly partitionEpoch: number
  /** Broker ids; the first is the preferred leader. */
  readonly replicas: readonly number[]
  /** Empty only while there is no leader. */
  readonly isr: readonly number[]
  /** Not in sync, yet with all that was committed: may lead when the ISR is empty (KIP-966). */
  readonly elr: readonly number[]
  /** The last leader, while ISR and ELR have nobody left. */
  readonly lastKnownElr: readonly number[]
  /** Of a reassignment in progress (KIP-455): among `replicas`, and not there before it. */
  readonly addingReplicas: readonly number[]
  /** Of a reassignment in progress: among `replicas`, and not there after it. */
  readonly removingReplicas: readonly number[]
  /** 'recovering' from an unclean election until the leader has seen to it (KIP-704). */
  readonly leaderRecoveryState: LeaderRecoveryState
}

export type LeaderRecoveryState = 'recovered' | 'recovering'

/** While no broker leads. */
export const noLeader = -1

/** What configs can be set on. A broker without a name is the default of all brokers. */
export interface ConfigResource {
  readonly type: 'topic' | 'broker' | 'group'
  readonly name: string
}

/** Settings by name, as text. */
export type ConfigOverrides = Readonly<Record<string, string>>

export interface ClusterImage {
  /** Of the last change folded in; 0 before the first. */
  readonly revision: number
  /** Empty until the cluster was founded. */
  readonly clusterId: string
  /** The broker that decides; -1 while there is none. */
  readonly controllerId: number
  /** Those that run, and those that are known. */
  readonly brokers: ReadonlyMap<number, BrokerImage>
  /** Who is fenced rather than forgotten when its registration ends. */
  readonly knownBrokers: ReadonlyMap<number, KnownBroker>
  readonly topics: ReadonlyMap<string, TopicImage>
  readonly topicsById: ReadonlyMap<string, TopicImage>
  /** By configKey(resource). Only resources with at least one setting. */
  readonly configs: ReadonlyMap<string, ConfigOverrides>
  /** Finalized feature levels. */
  readonly features: ReadonlyMap<string, number>
  /** No block of producer ids has been given out from here on. */
  readonly nextProducerId: number
}

export const emptyImage: ClusterImage = {
  revision: 0,
  clusterId: '',
  controllerId: -1,
  brokers: new Map(),
  knownBrokers: new Map(),
  topics: new Map(),
  topicsById: new Map(),
  configs: new Map(),
  features: new Map(),
  nextProducerId: 0,
}

export function configKey(resource: ConfigResource): string {
  return `${resource.type}/${resource.name}`
}

const noOverrides: ConfigOverrides = {}

/** What was set on the resource itself; empty where nothing was. */
export function overridesOf(image: ClusterImage, resource: ConfigResource): ConfigOverrides {
  return image.configs.get(configKey(resource)) ?? noOverrides
}

const internalTopics = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** Internal topics belong to the broker: clients see them flagged, and may not grow or produce to them. */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** Whether a broker may lead and be in sync: registered, not fenced, not about to stop. */
export function isActive(image: ClusterImage, brokerId: number): boolean {
  const broker = image.brokers.get(brokerId)
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
}

export function isReassigning({ addingReplicas, removingReplicas }: PartitionImage): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0
}

/** Whether it is there, be it about to stop or not. */
export function isRunning(image: ClusterImage, brokerId: number): boolean {
  return image.brokers.get(brokerId)?.fenced === false
}

/** Null while it is not running. */
export function registrationEpoch(image: ClusterImage, brokerId: number): number | null {
  const broker = image.brokers.get(brokerId)
  return broker === undefined || broker.fenced ? null : broker.epoch
}

/** The brokers that are shown to clients, by id. */
export function liveBrokers(image: ClusterImage): BrokerImage[] {
  return [...image.brokers.values()].filter(broker => !broker.fenced).sort((a, b) => a.brokerId - b.brokerId)
}
