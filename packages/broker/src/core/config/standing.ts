// Which settings Odradek honours. Every setting that Kafka knows has one of three standings:
//   honoured     it does what Kafka's documentation says; some only where there are several brokers, or only where there are
//                not: elsewhere nothing is lost, so they are taken there with a notice;
//   inert        it is about something that is not here by design (threads, the quorum of controllers), so nothing is
//                lost: taken with a notice;
//   unsupported  somebody would rely on it in vain: refused, unless it is set to its default.
// A setting that is in neither list below is unsupported.

export type Standing = 'honoured' | 'inert' | 'unsupported'

const honouredTopicSettings = new Set([
  'cleanup.policy',
  'compression.gzip.level',
  'compression.type',
  'compression.zstd.level',
  'delete.retention.ms',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  // One node has nobody to copy to, or from.
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'internal.segment.bytes',
  'leader.replication.throttled.replicas',
  'max.compaction.lag.ms',
  'max.message.bytes',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'min.cleanable.dirty.ratio',
  'min.compaction.lag.ms',
  // Of at most as many as the partition has copies: on one node it always holds.
  'min.insync.replicas',
  'retention.bytes',
  'retention.ms',
  'segment.bytes',
  'segment.index.bytes',
  'segment.jitter.ms',
  'segment.ms',
  // One node has nobody to elect.
  'unclean.leader.election.enable',
])

const honouredBrokerSettings = new Set([
  // node and cluster
  'auto.create.topics.enable',
  'broker.id',
  'broker.rack',
  'default.replication.factor',
  'delete.topic.enable',
  'min.insync.replicas',
  'node.id',
  'num.partitions',
  // listeners and connections
  'advertised.listeners',
  'connections.max.idle.ms',
  'fetch.max.bytes',
  'listener.security.protocol.map',
  'listeners',
  'max.connections',
  'max.connections.per.ip',
  'max.connections.per.ip.overrides',
  'max.incremental.fetch.session.cache.slots',
  'max.request.partition.size.limit',
  'socket.request.max.bytes',
  // the log
  'alter.log.dirs.replication.quota.window.num',
  'alter.log.dirs.replication.quota.window.size.seconds',
  'compression.gzip.level',
  'compression.type',
  'compression.zstd.level',
  'log.cleaner.backoff.ms',
  'log.cleaner.delete.retention.ms',
  'log.cleaner.enable',
  'log.cleaner.max.compaction.lag.ms',
  'log.cleaner.min.cleanable.ratio',
  'log.cleaner.min.compaction.lag.ms',
  'log.cleanup.policy',
  'log.dir',
  'log.dirs',
  'log.flush.interval.messages',
  'log.flush.interval.ms',
  'log.flush.offset.checkpoint.interval.ms',
  'log.flush.scheduler.interval.ms',
  'log.flush.start.offset.checkpoint.interval.ms',
  'log.index.interval.bytes',
  'log.index.size.max.bytes',
  'log.initial.task.delay.ms',
  'log.message.timestamp.after.max.ms',
  'log.message.timestamp.before.max.ms',
  'log.message.timestamp.type',
  'log.retention.bytes',
  'log.retention.check.interval.ms',
  'log.retention.hours',
  'log.retention.minutes',
  'log.retention.ms',
  'log.roll.hours',
  'log.roll.jitter.hours',
  'log.roll.jitter.ms',
  'log.roll.ms',
  'log.segment.bytes',
  'log.segment.delete.delay.ms',
  'message.max.bytes',
  'producer.id.expiration.check.interval.ms',
  'producer.id.expiration.ms',
  'replica.alter.log.dirs.io.max.bytes.per.second',
  // groups
  'group.initial.rebalance.delay.ms',
  'group.max.session.timeout.ms',
  'group.max.size',
  'group.min.session.timeout.ms',
  'offset.metadata.max.bytes',
  'offsets.commit.timeout.ms',
  'offsets.retention.check.interval.ms',
  'offsets.retention.minutes',
  'offsets.topic.compression.codec',
  'offsets.topic.num.partitions',
  'offsets.topic.replication.factor',
  'offsets.topic.segment.bytes',
])

/** Honoured where there are several brokers. */
const clusterBrokerSettings = new Set([
  'auto.leader.rebalance.enable',
  // As the length of the lease under which the broker is registered.
  'broker.session.timeout.ms',
  'controlled.shutdown.enable',
  'follower.replication.throttled.rate',
  'inter.broker.listener.name',
  'leader.imbalance.check.interval.seconds',
  'leader.replication.throttled.rate',
  'replica.fetch.backoff.ms',
  'replica.fetch.max.bytes',
  'replica.fetch.min.bytes',
  'replica.fetch.response.max.bytes',
  'replica.fetch.wait.max.ms',
  'replica.lag.time.max.ms',
  'replica.selector.class',
  'replica.socket.timeout.ms',
  'replication.quota.window.num',
  'replication.quota.window.size.seconds',
  'unclean.leader.election.enable',
])
const becauseAlone = 'one node has no followers, and nobody to be led by'

/** Honoured where a broker is a cluster of its own. */
const aloneBrokerSettings = new Set(['metadata.log.dir'])
const becauseShared = 'the metadata of a cluster lies in the store that its brokers share'

/** Each with the reason why nothing is lost. */
const inertBrokerSettings: readonly { readonly because: string; readonly names: readonly (string | RegExp)[] }[] = [
  {
    because: 'one event loop does the work of all these threads',
    names: [
      'background.threads',
      'group.coordinator.background.threads',
      'group.coordinator.threads',
      'num.io.threads',
      'num.network.threads',
      'num.recovery.threads.per.data.dir',
      'num.replica.alter.log.dirs.threads',
      'log.cleaner.threads',
    ],
  },
  {
    because: 'the metadata store takes the place of a quorum of controllers',
    names: ['process.roles', /^controller\.(quorum|listener|performance|socket)\./, /^metadata\.(log\.(?!dir$)|max\.)/],
  },
  {
    because: 'a broker gives three signs of life within broker.session.timeout.ms',
    names: ['broker.heartbeat.interval.ms'],
  },
  {
    because: 'a broker that cannot register says so and tries on until it can',
    names: ['initial.broker.registration.timeout.ms'],
  },
  {
    because: 'one connection to each leader fetches all that it leads',
    names: ['num.replica.fetchers'],
  },
  {
    because: 'high watermarks are noted together with the recovery points: log.flush.offset.checkpoint.interval.ms',
    names: ['replica.high.watermark.checkpoint.interval.ms'],
  },
  {
    because: 'waiting requests are forgotten as soon as they are done',
    names: [/\.purgatory\.purge\.interval\.requests$/],
  },
  {
    because: 'the operating system sizes the buffers of connections',
    names: ['replica.socket.receive.buffer.bytes', 'socket.receive.buffer.bytes', 'socket.send.buffer.bytes'],
  },
  {
    because: 'requests are read only as fast as they are answered',
    names: ['queued.max.requests', 'queued.max.request.bytes'],
  },
  {
    because: 'its topic does not exist yet',
    names: [/^transaction\.state\.log\./, /^share\.coordinator\.state\.topic\./],
  },
]

export function topicStanding(name: string): Standing {
  return honouredTopicSettings.has(name) ? 'honoured' : 'unsupported'
}

export function brokerStanding(name: string): Standing {
  const isHonoured = [honouredBrokerSettings, clusterBrokerSettings, aloneBrokerSettings].some(names => names.has(name))
  if (isHonoured) return 'honoured'
  return whyInert(name) === null ? 'unsupported' : 'inert'
}

/** Why an inert broker setting has no effect; null for the others. */
export function whyInert(name: string): string | null {
  const reason = inertBrokerSettings.find(({ names }) =>
    names.some(one => (typeof one === 'string' ? one === name : one.test(name))),
  )
  return reason?.because ?? null
}

/** Why a setting has no effect on a broker that is a cluster of its own, nor loses anything by it; null for the others. */
export function whyInertAlone(name: string): string | null {
  return clusterBrokerSettings.has(name) ? becauseAlone : whyInert(name)
}

/** Why a setting has no effect on one of several brokers, nor loses anything by it; null for the others. */
export function whyInertShared(name: string): string | null {
  return aloneBrokerSettings.has(name) ? becauseShared : whyInert(name)
}

export function explainUnsupported(name: string): string {
  return `known to Kafka, not supported by Odradek yet: ${name}`
}
