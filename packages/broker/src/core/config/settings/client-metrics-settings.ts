// Every setting of a subscription to the metrics of clients.
// biome-ignore-all format: a table, one setting a line

import { int, list } from '../config-definition.ts'

export const clientMetricsSettings = {
  'interval.ms': int(300000, 'Time between two pushes of a client.'),
  'match': list('', 'Which clients are meant, as name=pattern.'),
  'metrics': list('', 'Prefixes of the metrics that are wanted; * for all.'),
} as const
