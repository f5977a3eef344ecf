/** The two brokers of a differential run, set up alike. */
import type { BrokerProcess } from '../broker-process.ts'
import { startOdradek } from '../odradek.ts'
import { startRealKafka } from '../real-kafka.ts'

/** Short timeouts, so that members may vanish in a test's time; nothing is deleted by age, since timestamps are fixed. */
export const settings: Readonly<Record<string, string>> = {
  'group.min.session.timeout.ms': '300',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '5',
  'log.retention.ms': '-1',
}

export type BrokerKind = 'kafka' | 'odradek'

export function startBroker(kind: BrokerKind): Promise<BrokerProcess> {
  return kind === 'kafka' ? startRealKafka({ settings }) : startOdradek({ settings })
}
