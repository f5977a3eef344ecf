/** Kafka's command-line tools, by the names of the scripts in its `bin` directory without `kafka-` and `.sh`. */

export interface Tool {
  readonly main: string
  /** Where the address of the broker stands on the command line; `none` when the tool works on files. */
  readonly bootstrap: 'first' | 'last' | 'none'
  /** Calls System.exit or hooks into the JVM's end itself, and so needs one of its own. */
  readonly needsOwnJvm?: true
}

export const tools: Readonly<Record<string, Tool>> = {
  acls: { main: 'org.apache.kafka.tools.AclCommand', bootstrap: 'last' },
  'broker-api-versions': { main: 'org.apache.kafka.tools.BrokerApiVersionsCommand', bootstrap: 'last' },
  'client-metrics': { main: 'org.apache.kafka.tools.ClientMetricsCommand', bootstrap: 'last' },
  cluster: { main: 'org.apache.kafka.tools.ClusterTool', bootstrap: 'last' },
  configs: { main: 'kafka.admin.ConfigCommand', bootstrap: 'last' },
  'console-consumer': { main: 'org.apache.kafka.tools.consumer.ConsoleConsumer', bootstrap: 'last' },
  'console-producer': { main: 'org.apache.kafka.tools.ConsoleProducer', bootstrap: 'last' },
  'consumer-groups': { main: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', bootstrap: 'last' },
  'consumer-perf-test': { main: 'org.apache.kafka.tools.ConsumerPerformance', bootstrap: 'last' },
  'delegation-tokens': { main: 'org.apache.kafka.tools.DelegationTokenCommand', bootstrap: 'last' },
  'delete-records': { main: 'org.apache.kafka.tools.DeleteRecordsCommand', bootstrap: 'last' },
  'dump-log': { main: 'org.apache.kafka.tools.DumpLogSegments', bootstrap: 'none' },
  'e2e-latency': { main: 'org.apache.kafka.tools.EndToEndLatency', bootstrap: 'last' },
  features: { main: 'org.apache.kafka.tools.FeatureCommand', bootstrap: 'first' },
  'get-offsets': { main: 'org.apache.kafka.tools.GetOffsetShell', bootstrap: 'last' },
  groups: { main: 'org.apache.kafka.tools.GroupsCommand', bootstrap: 'last' },
  'leader-election': { main: 'org.apache.kafka.tools.LeaderElectionCommand', bootstrap: 'last' },
  'log-dirs': { main: 'org.apache.kafka.tools.LogDirsCommand', bootstrap: 'last' },
  'metadata-quorum': { main: 'org.apache.kafka.tools.MetadataQuorumCommand', bootstrap: 'first' },
  'producer-perf-test': { main: 'org.apache.kafka.tools.ProducerPerformance', bootstrap: 'last' },
  'reassign-partitions': { main: 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand', bootstrap: 'last' },
  'replica-verification': { main: 'org.apache.kafka.tools.ReplicaVerificationTool', bootstrap: 'none' },
  'share-groups': { main: 'org.apache.kafka.tools.consumer.group.ShareGroupCommand', bootstrap: 'last' },
  'streams-groups': { main: 'org.apache.kafka.tools.streams.StreamsGroupCommand', bootstrap: 'last' },
  topics: { main: 'org.apache.kafka.tools.TopicCommand', bootstrap: 'last' },
  transactions: { main: 'org.apache.kafka.tools.TransactionsCommand', bootstrap: 'first' },
  'verifiable-consumer': { main: 'org.apache.kafka.tools.VerifiableConsumer', bootstrap: 'last', needsOwnJvm: true },
  'verifiable-producer': { main: 'org.apache.kafka.tools.VerifiableProducer', bootstrap: 'last', needsOwnJvm: true },
}
