// Broker settings of tiered storage.
// biome-ignore-all format: a table, one setting a line

import { bool, double, int, LONG_MAX, long, string } from '../config-definition.ts'
import { atLeast, between, nonEmptyString } from '../validators.ts'

export const tieredSettings = {
  'remote.fetch.max.wait.ms': int(500, 'Longest time that a fetch waits for tiered storage.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.list.offsets.request.timeout.ms': long(30000, 'Longest time that a search for an offset waits for tiered storage.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.index.file.cache.total.size.bytes': long(1073741824, 'Bytes of tiered segments\' indexes kept on the broker.', { valid: atLeast(1), importance: 'low', update: 'cluster-wide' }),
  'remote.log.index.file.cache.ttl.ms': long(900000, 'Time that unused indexes of tiered segments are kept on the broker.', { valid: atLeast(-1), importance: 'low', internal: true }),
  'remote.log.manager.copier.thread.pool.size': int(10, 'Copies to tiered storage at a time.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.manager.copy.max.bytes.per.second': long(LONG_MAX, 'Bytes a second that may be copied to tiered storage.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.manager.copy.quota.window.num': int(11, 'Number of samples kept for the quota of copies to tiered storage.', { valid: atLeast(1) }),
  'remote.log.manager.copy.quota.window.size.seconds': int(1, 'Length of one sample of the quota of copies to tiered storage.', { valid: atLeast(1) }),
  'remote.log.manager.expiration.thread.pool.size': int(10, 'Deletions from tiered storage at a time.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.manager.fetch.max.bytes.per.second': long(LONG_MAX, 'Bytes a second that may be read from tiered storage.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.manager.fetch.quota.window.num': int(11, 'Number of samples kept for the quota of reads from tiered storage.', { valid: atLeast(1) }),
  'remote.log.manager.fetch.quota.window.size.seconds': int(1, 'Length of one sample of the quota of reads from tiered storage.', { valid: atLeast(1) }),
  'remote.log.manager.follower.thread.pool.size': int(2, 'Followers\' looks at tiered storage at a time.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.manager.task.interval.ms': long(30000, 'Time between two rounds of copies and deletions in tiered storage.', { valid: atLeast(1), importance: 'low' }),
  'remote.log.manager.task.retry.backoff.max.ms': long(30000, 'Longest pause after a failure of tiered storage.', { valid: atLeast(1), importance: 'low', internal: true }),
  'remote.log.manager.task.retry.backoff.ms': long(500, 'First pause after a failure of tiered storage.', { valid: atLeast(1), importance: 'low', internal: true }),
  'remote.log.manager.task.retry.jitter': double('0.2', 'Share by which pauses after failures of tiered storage vary by chance.', { valid: between(0, 0.5), importance: 'low', internal: true }),
  'remote.log.manager.thread.pool.size': int(2, 'Threads of tiered storage in all.', { valid: atLeast(1) }),
  'remote.log.metadata.custom.metadata.max.bytes': int(128, 'Largest note that a tiered storage plugin may keep with a segment.', { valid: atLeast(0), importance: 'low' }),
  'remote.log.metadata.manager.class.name': string('org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager', 'Class that keeps the catalogue of tiered segments.', { valid: nonEmptyString }),
  'remote.log.metadata.manager.class.path': string(null, 'Where the class that keeps the catalogue of tiered segments is loaded from.'),
  'remote.log.metadata.manager.impl.prefix': string('rlmm.config.', 'Prefix of the settings that go to the catalogue of tiered segments.', { valid: nonEmptyString }),
  'remote.log.metadata.manager.listener.name': string(null, 'Listener by which the catalogue of tiered segments reaches the brokers.', { valid: nonEmptyString }),
  'remote.log.reader.max.pending.tasks': int(100, 'Reads from tiered storage that may wait.', { valid: atLeast(1) }),
  'remote.log.reader.threads': int(10, 'Reads from tiered storage at a time.', { valid: atLeast(1), update: 'cluster-wide' }),
  'remote.log.storage.manager.class.name': string(null, 'Class that stores tiered segments.', { valid: nonEmptyString }),
  'remote.log.storage.manager.class.path': string(null, 'Where the class that stores tiered segments is loaded from.'),
  'remote.log.storage.manager.impl.prefix': string('rsm.config.', 'Prefix of the settings that go to the tiered storage.', { valid: nonEmptyString }),
  'remote.log.storage.system.enable': bool(false, 'Whether topics may use tiered storage.'),
} as const
