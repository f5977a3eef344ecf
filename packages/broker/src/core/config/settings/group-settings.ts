// Every setting of a group. `synonyms` name the broker setting that it defaults to.
// biome-ignore-all format: a table, one setting a line

import { bool, int, string } from '../config-definition.ts'
import { atLeast, autoOffsetReset, oneOf } from '../validators.ts'

export const groupSettings = {
  'consumer.assignment.interval.ms': int(1000, 'Shortest time between two assignments of the group.', { synonyms: ['group.consumer.assignment.interval.ms'], valid: atLeast(0) }),
  'consumer.heartbeat.interval.ms': int(5000, 'Time between heartbeats that the group\'s members are told.', { synonyms: ['group.consumer.heartbeat.interval.ms'], valid: atLeast(1) }),
  'consumer.session.timeout.ms': int(45000, 'Time without a heartbeat after which a member leaves the group.', { synonyms: ['group.consumer.session.timeout.ms'], valid: atLeast(1) }),
  'share.assignment.interval.ms': int(1000, 'Shortest time between two assignments of the group.', { synonyms: ['group.share.assignment.interval.ms'], valid: atLeast(0) }),
  'share.auto.offset.reset': string('latest', 'Where the group begins to read a partition that it has no position in.', { valid: autoOffsetReset }),
  'share.delivery.count.limit': int(5, 'Deliveries of a record before it is given up.', { synonyms: ['group.share.delivery.count.limit'], valid: atLeast(2) }),
  'share.heartbeat.interval.ms': int(5000, 'Time between heartbeats that the group\'s members are told.', { synonyms: ['group.share.heartbeat.interval.ms'], valid: atLeast(1) }),
  'share.isolation.level': string('read_uncommitted', 'Whether the group reads records of transactions that are not committed.', { valid: oneOf('read_committed', 'read_uncommitted') }),
  'share.partition.max.record.locks': int(2000, 'Most records of a partition that are locked at a time.', { synonyms: ['group.share.partition.max.record.locks'], valid: atLeast(100) }),
  'share.record.lock.duration.ms': int(30000, 'Time that a record is locked for the member that got it.', { synonyms: ['group.share.record.lock.duration.ms'], valid: atLeast(1000) }),
  'share.renew.acknowledge.enable': bool(true, 'Whether a member may prolong a record\'s lock.'),
  'share.session.timeout.ms': int(45000, 'Time without a heartbeat after which a member leaves the group.', { synonyms: ['group.share.session.timeout.ms'], valid: atLeast(1) }),
  'streams.assignment.interval.ms': int(1000, 'Shortest time between two assignments of the group.', { synonyms: ['group.streams.assignment.interval.ms'], valid: atLeast(0) }),
  'streams.heartbeat.interval.ms': int(5000, 'Time between heartbeats that the group\'s members are told.', { synonyms: ['group.streams.heartbeat.interval.ms'], valid: atLeast(1) }),
  'streams.initial.rebalance.delay.ms': int(3000, 'Time that the new group waits for more members.', { synonyms: ['group.streams.initial.rebalance.delay.ms'], valid: atLeast(0) }),
  'streams.num.standby.replicas': int(0, 'Standby copies of each task.', { synonyms: ['group.streams.num.standby.replicas'], valid: atLeast(0) }),
  'streams.session.timeout.ms': int(45000, 'Time without a heartbeat after which a member leaves the group.', { synonyms: ['group.streams.session.timeout.ms'], valid: atLeast(1) }),
} as const
