import type { ClusterImage } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success } from './decision.ts'

/**
 * Forgets a broker that will not come back. One that lives is refused: it would register again at once, so that a success
 * would be a lie; Kafka takes its registration away and leaves it running beside the cluster.
 */
export function decideUnregisterBroker(image: ClusterImage, brokerId: number): Decision<Outcome> {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined) {
    const message = `Broker ID ${brokerId} is not currently registered`
    return { changes: [], answer: refusal('BROKER_ID_NOT_REGISTERED', message) }
  }
  if (!broker.fenced) {
    const message = `Broker ${brokerId} is running. Stop it before it is unregistered.`
    return { changes: [], answer: refusal('INVALID_REQUEST', message) }
  }
  return {
    changes: [{ kind: 'known-broker', brokerId, value: null }],
    // It may be starting.
    alsoUnchanged: [{ kind: 'broker', brokerId, value: null }],
    answer: success,
  }
}
