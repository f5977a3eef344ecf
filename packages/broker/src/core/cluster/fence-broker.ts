import type { ClusterChange } from './cluster-change.ts'
import { type ClusterImage, registrationEpoch } from './cluster-image.ts'
import type { Decision } from './decision.ts'

/**
 * The process of a broker has ended: its registration, and its office as controller, end before its lease does. False
 * where it is registered anew since, or is about to stop in any case.
 */
export function decideFenceBroker(
  image: ClusterImage,
  { brokerId, epoch }: { readonly brokerId: number; readonly epoch: number },
): Decision<boolean> {
  if (registrationEpoch(image, brokerId) !== epoch || image.brokers.get(brokerId)?.inControlledShutdown === true) {
    return { changes: [], answer: false }
  }
  const changes: ClusterChange[] = [{ kind: 'broker', brokerId, value: null }]
  if (image.controllerId === brokerId) changes.push({ kind: 'controller', value: null })
  return { changes, answer: true }
}
