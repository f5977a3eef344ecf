/**
 * What may differ between Kafka and Odradek, each with the reason. Left is Kafka. The list is complete: what is not here
 * has to be equal. (What has no counterpart by nature, such as ids, clock readings and the wording of errors, is dealt
 * with by the normaliser.)
 */
import { apiKeys, zeroUuid } from '@odradek/protocol'

export interface DifferenceContext {
  readonly version: number
  readonly path: string
  readonly left: unknown
  readonly right: unknown
  /** The request as Kafka got it. */
  readonly body: unknown
}

export interface AllowedDifference {
  readonly api: string
  /** Of the field in the answer. */
  readonly path: RegExp
  readonly reason: string
  /** Narrows it further. */
  readonly only?: (difference: DifferenceContext) => boolean
}

/** What Kafka serves and Odradek does not yet; it says so in its ApiVersions, and closes a connection that asks all the same. */
const notServed: ReadonlySet<number> = new Set([
  // Transactions.
  apiKeys.AddPartitionsToTxn,
  apiKeys.AddOffsetsToTxn,
  apiKeys.EndTxn,
  apiKeys.WriteTxnMarkers,
  apiKeys.TxnOffsetCommit,
  apiKeys.DescribeTransactions,
  apiKeys.ListTransactions,
  // Security and quotas.
  apiKeys.SaslHandshake,
  apiKeys.SaslAuthenticate,
  apiKeys.DescribeAcls,
  apiKeys.CreateAcls,
  apiKeys.DeleteAcls,
  apiKeys.CreateDelegationToken,
  apiKeys.RenewDelegationToken,
  apiKeys.ExpireDelegationToken,
  apiKeys.DescribeDelegationToken,
  apiKeys.AlterUserScramCredentials,
  apiKeys.AlterClientQuotas,
  // The controllers' quorum.
  apiKeys.AddRaftVoter,
  apiKeys.RemoveRaftVoter,
  // Consumer, share and streams groups.
  apiKeys.ConsumerGroupHeartbeat,
  apiKeys.ConsumerGroupDescribe,
  apiKeys.ShareGroupHeartbeat,
  apiKeys.ShareGroupDescribe,
  apiKeys.ShareFetch,
  apiKeys.ShareAcknowledge,
  apiKeys.InitializeShareGroupState,
  apiKeys.ReadShareGroupState,
  apiKeys.WriteShareGroupState,
  apiKeys.DeleteShareGroupState,
  apiKeys.ReadShareGroupStateSummary,
  apiKeys.DescribeShareGroupOffsets,
  apiKeys.AlterShareGroupOffsets,
  apiKeys.DeleteShareGroupOffsets,
  apiKeys.StreamsGroupHeartbeat,
  apiKeys.StreamsGroupDescribe,
])

interface ApiRange {
  readonly apiKey: number
}

export const allowedDifferences: readonly AllowedDifference[] = [
  {
    api: 'ApiVersions',
    path: /^apiKeys$/,
    reason: 'Odradek serves fewer APIs; those that it serves have to be there in all their versions',
    only({ left, right }) {
      const expected = (left as ApiRange[]).filter(({ apiKey }) => !notServed.has(apiKey))
      return JSON.stringify(expected) === JSON.stringify(right)
    },
  },
  {
    api: 'ApiVersions',
    path: /^(supported|finalized)Features/,
    reason:
      'the features of what Odradek does not have (transactions, other groups) are absent, and its metadata has one version',
  },
  {
    api: 'DescribeQuorum',
    path: /^nodes\[0\]\.listeners\[0\]\.name$/,
    reason: 'Odradek has no listener for controllers alone: the quorum is reached where everything is',
  },
  {
    api: 'DescribeQuorum',
    path: /replicaDirectoryId$/,
    reason:
      'Odradek names the directory of its voter; the quorum of the Kafka beside it is a static one, which has no such ids',
    only: ({ left }) => left === zeroUuid,
  },
  {
    api: 'Metadata',
    path: /^topics\[\d+\]\.(errorCode|partitions|topicId)$/,
    reason:
      'a missing topic that may be created is there, with its leaders, in the very answer; Kafka lets the client ask again',
    only: ({ body, version }) =>
      version < 4 || (body as { allowAutoTopicCreation?: boolean }).allowAutoTopicCreation === true,
  },
  {
    api: 'DescribeLogDirs',
    path: /partitionSize$/,
    reason: "a batch that the broker compresses anew, for the topic's compression.type, takes a few bytes more or less",
    only: ({ left, right }) => Math.abs(Number(left) - Number(right)) <= Math.max(Number(left), Number(right)) / 20,
  },
  {
    api: 'DescribeProducers',
    path: /errorMessage$/,
    reason: 'whether an unknown partition comes with a text depends on where Kafka finds out',
  },
]
