import {
  array,
  bool,
  bytes,
  float64,
  int8,
  int16,
  int32,
  int64,
  string,
  struct,
  uint16,
  uuid,
} from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** A broker registered with the controller. */
export const registerBrokerRecord = data(
  { name: 'RegisterBrokerRecord', key: 0, versions: [0, 4], flexible: 0 },
  {
    brokerId: int32(),
    isMigratingZkBroker: bool().since(2),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
    rack: string().nullable().default(''),
    fenced: bool().default(true),
    inControlledShutdown: bool().since(1),
    logDirs: array(uuid()).since(3).tagged(0),
    cordonedLogDirs: array(uuid()).nullable().since(4).tagged(1),
  },
)
export interface RegisterBrokerRecord extends Message<typeof registerBrokerRecord> {}

/** A broker is gone for good. */
export const unregisterBrokerRecord = data(
  { name: 'UnregisterBrokerRecord', key: 1, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
)
export interface UnregisterBrokerRecord extends Message<typeof unregisterBrokerRecord> {}

/** A topic was created. */
export const topicRecord = data(
  { name: 'TopicRecord', key: 2, versions: [0, 0], flexible: 0 },
  {
    name: string(),
    topicId: uuid(),
  },
)
export interface TopicRecord extends Message<typeof topicRecord> {}

/** A partition was created, or its whole state. */
export const partitionRecord = data(
  { name: 'PartitionRecord', key: 3, versions: [0, 2], flexible: 0 },
  {
    partitionId: int32().default(-1),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32().default(-1),
    leaderRecoveryState: int8().tagged(0),
    leaderEpoch: int32().default(-1),
    partitionEpoch: int32().default(-1),
    directories: array(uuid()).since(1),
    eligibleLeaderReplicas: array(int32()).nullable().since(2).tagged(1),
    lastKnownElr: array(int32()).nullable().since(2).tagged(2),
  },
)
export interface PartitionRecord extends Message<typeof partitionRecord> {}

/** A setting of a resource; null: it was deleted. */
export const configRecord = data(
  { name: 'ConfigRecord', key: 4, versions: [0, 0], flexible: 0 },
  {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string().nullable().default(''),
  },
)
export interface ConfigRecord extends Message<typeof configRecord> {}

/** Parts of a partition's state changed. */
export const partitionChangeRecord = data(
  { name: 'PartitionChangeRecord', key: 5, versions: [0, 2], flexible: 0 },
  {
    partitionId: int32().default(-1),
    topicId: uuid(),
    isr: array(int32()).nullable().tagged(0),
    leader: int32().tagged(1).default(-2),
    replicas: array(int32()).nullable().tagged(2),
    removingReplicas: array(int32()).nullable().tagged(3),
    addingReplicas: array(int32()).nullable().tagged(4),
    leaderRecoveryState: int8().tagged(5).default(-1),
    directories: array(uuid()).nullable().since(1).tagged(8),
    eligibleLeaderReplicas: array(int32()).nullable().since(2).tagged(6),
    lastKnownElr: array(int32()).nullable().since(2).tagged(7),
  },
)
export interface PartitionChangeRecord extends Message<typeof partitionChangeRecord> {}

/** A broker may not lead for now. */
export const fenceBrokerRecord = data(
  { name: 'FenceBrokerRecord', key: 7, versions: [0, 0], flexible: 0 },
  {
    id: int32(),
    epoch: int64(),
  },
)
export interface FenceBrokerRecord extends Message<typeof fenceBrokerRecord> {}

/** A broker may lead again. */
export const unfenceBrokerRecord = data(
  { name: 'UnfenceBrokerRecord', key: 8, versions: [0, 0], flexible: 0 },
  {
    id: int32(),
    epoch: int64(),
  },
)
export interface UnfenceBrokerRecord extends Message<typeof unfenceBrokerRecord> {}

/** A topic was deleted. */
export const removeTopicRecord = data(
  { name: 'RemoveTopicRecord', key: 9, versions: [0, 0], flexible: 0 },
  {
    topicId: uuid(),
  },
)
export interface RemoveTopicRecord extends Message<typeof removeTopicRecord> {}

/** A delegation token was created or changed. */
export const delegationTokenRecord = data(
  { name: 'DelegationTokenRecord', key: 10, versions: [0, 0], flexible: 0 },
  {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
)
export interface DelegationTokenRecord extends Message<typeof delegationTokenRecord> {}

/** A user's SCRAM credential was set. */
export const userScramCredentialRecord = data(
  { name: 'UserScramCredentialRecord', key: 11, versions: [0, 0], flexible: 0 },
  {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
)
export interface UserScramCredentialRecord extends Message<typeof userScramCredentialRecord> {}

/** A feature has a new level. */
export const featureLevelRecord = data(
  { name: 'FeatureLevelRecord', key: 12, versions: [0, 0], flexible: 0 },
  {
    name: string(),
    featureLevel: int16(),
  },
)
export interface FeatureLevelRecord extends Message<typeof featureLevelRecord> {}

/** A quota was set or removed. */
export const clientQuotaRecord = data(
  { name: 'ClientQuotaRecord', key: 14, versions: [0, 0], flexible: 0 },
  {
    entity: array(
      struct({
        entityType: string(),
        entityName: string().nullable().default(''),
      }),
    ),
    key: string(),
    value: float64(),
    remove: bool(),
  },
)
export interface ClientQuotaRecord extends Message<typeof clientQuotaRecord> {}

/** A block of producer ids was handed out. */
export const producerIdsRecord = data(
  { name: 'ProducerIdsRecord', key: 15, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64().default(-1),
    nextProducerId: int64(),
  },
)
export interface ProducerIdsRecord extends Message<typeof producerIdsRecord> {}

/** Parts of a broker's registration changed. */
export const brokerRegistrationChangeRecord = data(
  { name: 'BrokerRegistrationChangeRecord', key: 17, versions: [0, 3], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8().tagged(0),
    inControlledShutdown: int8().since(1).tagged(1),
    logDirs: array(uuid()).since(2).tagged(2),
    cordonedLogDirs: array(uuid()).nullable().since(3).tagged(3),
  },
)
export interface BrokerRegistrationChangeRecord extends Message<typeof brokerRegistrationChangeRecord> {}

/** An ACL was added. */
export const accessControlEntryRecord = data(
  { name: 'AccessControlEntryRecord', key: 18, versions: [0, 0], flexible: 0 },
  {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
)
export interface AccessControlEntryRecord extends Message<typeof accessControlEntryRecord> {}

/** An ACL was removed. */
export const removeAccessControlEntryRecord = data(
  { name: 'RemoveAccessControlEntryRecord', key: 19, versions: [0, 0], flexible: 0 },
  {
    id: uuid(),
  },
)
export interface RemoveAccessControlEntryRecord extends Message<typeof removeAccessControlEntryRecord> {}

/** Nothing: keeps the log moving. */
export const noOpRecord = data({ name: 'NoOpRecord', key: 20, versions: [0, 0], flexible: 0 }, {})
export interface NoOpRecord extends Message<typeof noOpRecord> {}

/** How far the move away from ZooKeeper had come. */
export const zkMigrationStateRecord = data(
  { name: 'ZkMigrationStateRecord', key: 21, versions: [0, 0], flexible: 0 },
  {
    zkMigrationState: int8(),
  },
)
export interface ZkMigrationStateRecord extends Message<typeof zkMigrationStateRecord> {}

/** A user's SCRAM credential was deleted. */
export const removeUserScramCredentialRecord = data(
  { name: 'RemoveUserScramCredentialRecord', key: 22, versions: [0, 0], flexible: 0 },
  {
    name: string(),
    mechanism: int8(),
  },
)
export interface RemoveUserScramCredentialRecord extends Message<typeof removeUserScramCredentialRecord> {}

/** The records up to the end of the metadata transaction belong together (KIP-868). */
export const beginTransactionRecord = data(
  { name: 'BeginTransactionRecord', key: 23, versions: [0, 0], flexible: 0 },
  {
    name: string().nullable().tagged(0),
  },
)
export interface BeginTransactionRecord extends Message<typeof beginTransactionRecord> {}

/** The metadata transaction holds. */
export const endTransactionRecord = data({ name: 'EndTransactionRecord', key: 24, versions: [0, 0], flexible: 0 }, {})
export interface EndTransactionRecord extends Message<typeof endTransactionRecord> {}

/** The metadata transaction never was. */
export const abortTransactionRecord = data(
  { name: 'AbortTransactionRecord', key: 25, versions: [0, 0], flexible: 0 },
  {
    reason: string().nullable().tagged(0),
  },
)
export interface AbortTransactionRecord extends Message<typeof abortTransactionRecord> {}

/** A delegation token was deleted. */
export const removeDelegationTokenRecord = data(
  { name: 'RemoveDelegationTokenRecord', key: 26, versions: [0, 0], flexible: 0 },
  {
    tokenId: string(),
  },
)
export interface RemoveDelegationTokenRecord extends Message<typeof removeDelegationTokenRecord> {}

/** A controller registered with the active one. */
export const registerControllerRecord = data(
  { name: 'RegisterControllerRecord', key: 27, versions: [0, 0], flexible: 0 },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
  },
)
export interface RegisterControllerRecord extends Message<typeof registerControllerRecord> {}

/** Eligible leader replicas were forgotten, of one topic or of all (KIP-966). */
export const clearElrRecord = data(
  { name: 'ClearElrRecord', key: 28, versions: [0, 0], flexible: 0 },
  {
    topicName: string(),
  },
)
export interface ClearElrRecord extends Message<typeof clearElrRecord> {}
