/** What Kafka's tools may say differently on Odradek, each with the reason. The list is complete: all else has to be equal. */

interface Difference {
  /** Of the command line, as the script has it. */
  readonly command: RegExp
  readonly reason: string
  /** Both may say the same as well. */
  readonly isByChance?: true
}

/** A difference that can be taken out of the output (either one, of both brokers), so that the rest is compared. */
interface PartialDifference extends Difference {
  rewrite(output: string): string
  /** The one whose output has it; both, if left out. */
  readonly side?: 'kafka'
}

/** A command that does something else: what Odradek says to it has to match. */
interface WholeDifference extends Difference {
  readonly odradekSays: RegExp
}

export type AllowedDifference = PartialDifference | WholeDifference

export const allowedDifferences: readonly AllowedDifference[] = [
  // Better than Kafka.
  {
    command: /^(console-producer|console-consumer|consumer-perf-test) /,
    reason:
      'a topic that its first use creates is there, with its leaders, in the very answer; Kafka lets the client ask again',
    side: 'kafka',
    rewrite: withoutLines(
      /^\[.* WARN .*(recoverable issue .*=(UNKNOWN_TOPIC_OR_PARTITION|LEADER_NOT_AVAILABLE)\}|NOT_LEADER_OR_FOLLOWER|NotLeaderOrFollowerException.*)$/,
    ),
  },

  // Another make.
  {
    command: /^console-producer --topic only-compacted/,
    reason: 'the reason why a record is refused, in own words',
    rewrite: output => output.replace(/(?<=InvalidRecordException: ).*/, '<reason>'),
  },
  {
    command: /^dump-log .*\.(index|timeindex)/,
    reason:
      'Kafka gives the indexes of the segment that is written to their full size in advance; Odradek lets them grow',
    rewrite: output => output.replace(/(?<=\.(index|timeindex)) (passed sanity check|is empty)\./g, ' <fine>.'),
  },
  {
    command: /^configs --describe --broker 1 --all/,
    reason:
      'the two are set up differently: Kafka needs listeners and copies of internal topics for one node said, Odradek takes its directory from the command line',
    rewrite: withoutLines(
      /^ {2}(advertised\.listeners|controller\.(listener\.names|quorum\.voters)|group\.initial\.rebalance\.delay\.ms|inter\.broker\.listener\.name|listeners|log\.dirs|process\.roles|(offsets|transaction|share)\..*(replication\.factor|min\.isr))=/,
    ),
  },
  {
    command: /^configs --alter --broker 1 --add-config num\.io\.threads=1000/,
    reason:
      'Kafka resizes a pool of threads at most twofold at a time; here the number has no meaning, and the log says so',
    odradekSays: /^Completed updating config for broker 1\.$/m,
  },
  {
    command: /^configs --alter --broker(-defaults| 1) --add-config (no\.such\.config|my\.own\.setting)=/,
    reason: 'an unknown setting is refused, with the nearest name, where Kafka keeps it for plugins in Java',
    odradekSays: /InvalidConfigurationException: unknown setting (no\.such\.config|my\.own\.setting)/,
  },
  {
    command: /^configs --describe --broker-logger/,
    reason: "the loggers are Log4j's",
    odradekSays: /^Dynamic configs for broker-logger 1 are:\n$/,
  },
  {
    command: /^broker-api-versions/,
    reason: 'Odradek serves fewer APIs; those that it serves have to be there in all their versions',
    // The line of an API that either lacks is taken out of both by the names of those that Odradek lacks.
    rewrite: withoutLines(new RegExp(`^\\t(${notServed().join('|')})\\(`)),
  },
  {
    command: /^features describe/,
    reason:
      'the features of what Odradek does not have (transactions, other groups) are absent; its metadata has one version and other revisions',
    rewrite(output) {
      const own = withoutLines(/^Feature: (group|kraft|share|streams|transaction)\.version /)(output)
      return own.replace(/SupportedMinVersion: \d\.\d-IV\d +/g, '').replace(/Epoch: \d+/g, 'Epoch: <n>')
    },
  },
  {
    command: /^features (upgrade|downgrade)/,
    reason: 'the metadata of Odradek has one version, and features that it does not have cannot be raised',
    odradekSays: /only supports versions 30-30|Local controller 1 does not support this feature/,
  },
  {
    command: /^metadata-quorum describe --status/,
    reason:
      'the metadata log has other records; Odradek has no listener for controllers alone, and its voter needs no directory id to be known',
    rewrite: output =>
      output
        .replace(/(?<=^(LeaderEpoch|HighWatermark): +)\d+/gm, '<n>')
        .replace(/"directoryId": "<id>", /, '')
        .replace(/(CONTROLLER|PLAINTEXT):\/\/[^"]+/, '<endpoint>'),
  },
  {
    command: /^metadata-quorum describe --replication/,
    reason: 'the metadata log has other records',
    rewrite: output => output.replace(/(?<=^1 +\t<id>\t)\d+ */m, '<n> '),
  },

  // Not there yet.
  {
    command: /^configs .*local\.retention\.ms/,
    reason: 'there is no tiered storage yet, and a setting without effect is not taken',
    odradekSays: /not supported by Odradek yet: local\.retention\.ms/,
  },
  {
    command: /^configs .*--group .*consumer\.session\.timeout\.ms/,
    reason: 'there are no consumer groups of KIP-848 yet, whose setting this is',
    odradekSays: /not supported by Odradek yet: consumer\.session\.timeout\.ms/,
  },
  {
    command: /^(console-consumer .*group\.protocol=consumer|share-groups|streams-groups) ?/,
    reason: 'there are only classic groups yet',
    odradekSays: /The node does not support (CONSUMER_GROUP_HEARTBEAT|SHARE_GROUP_DESCRIBE|STREAMS_GROUP_DESCRIBE)/,
  },
  {
    command: /^(configs .*--client-metrics|client-metrics)/,
    reason: 'the metrics of clients are not collected yet',
    odradekSays: /Odradek does not collect the metrics of clients yet|^\n$/,
  },
  {
    command: /^configs --alter .*(--client|--ip|--user)\b/,
    reason: 'there are no quotas and no SASL yet',
    odradekSays: /The node does not support (ALTER_CLIENT_QUOTAS|ALTER_USER_SCRAM_CREDENTIALS)/,
  },
  {
    command: /^(acls|delegation-tokens)/,
    reason: 'there is no security yet',
    odradekSays: /The node does not support (DESCRIBE_ACLS|DESCRIBE_DELEGATION_TOKEN)/,
  },
  {
    command: /^(transactions (list|describe|find-hanging)|producer-perf-test .*--transactional-id) ?/,
    reason: 'there are no transactions yet',
    odradekSays: /does not support LIST_TRANSACTIONS|type=TRANSACTION|This broker does not have transactions yet/,
  },
]

export function withoutLines(pattern: RegExp): (output: string) => string {
  return output =>
    output
      .split('\n')
      .filter(line => !pattern.test(line))
      .join('\n')
}

/** The names of the APIs that Odradek does not serve yet. */
export function notServed(): string[] {
  return [
    ...['AddPartitionsToTxn', 'AddOffsetsToTxn', 'EndTxn', 'WriteTxnMarkers', 'TxnOffsetCommit'],
    ...['DescribeTransactions', 'ListTransactions'],
    ...['SaslHandshake', 'SaslAuthenticate', 'DescribeAcls', 'CreateAcls', 'DeleteAcls'],
    ...['CreateDelegationToken', 'RenewDelegationToken', 'ExpireDelegationToken', 'DescribeDelegationToken'],
    ...['AlterUserScramCredentials', 'AlterClientQuotas'],
    ...['AddRaftVoter', 'RemoveRaftVoter', 'GetTelemetrySubscriptions', 'PushTelemetry'],
    ...['ConsumerGroupHeartbeat', 'ConsumerGroupDescribe', 'StreamsGroupHeartbeat', 'StreamsGroupDescribe'],
    ...['ShareGroupHeartbeat', 'ShareGroupDescribe', 'ShareFetch', 'ShareAcknowledge'],
    ...['InitializeShareGroupState', 'ReadShareGroupState', 'WriteShareGroupState', 'DeleteShareGroupState'],
    ...['ReadShareGroupStateSummary', 'DescribeShareGroupOffsets', 'AlterShareGroupOffsets', 'DeleteShareGroupOffsets'],
  ]
}
