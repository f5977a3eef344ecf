// Settings of brokers that have no place in what a broker is started with: they are set on one broker, or on all, while they run.

import { LONG_MAX, long } from '../config-definition.ts'
import { atLeast } from '../validators.ts'

export const dynamicSettings = {
  'follower.replication.throttled.rate': long(
    LONG_MAX,
    'Bytes a second that a broker fetches of the partitions whose followers are throttled.',
    { valid: atLeast(0), update: 'cluster-wide' },
  ),
  'leader.replication.throttled.rate': long(
    LONG_MAX,
    'Bytes a second that a broker sends its followers of the partitions whose leaders are throttled.',
    { valid: atLeast(0), update: 'cluster-wide' },
  ),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(
    LONG_MAX,
    'Bytes a second that moves between log directories take.',
    { valid: atLeast(0), update: 'cluster-wide' },
  ),
} as const
