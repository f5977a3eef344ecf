import { errorCodes } from '@odradek/protocol'
import { type Outcome, refusal } from '../../core/cluster/decision.ts'
import { MetadataStoreError, StoreUnreachableError } from '../../metadata/metadata-store.ts'

/** A disk of one's own that failed, or a shared store that refuses to write. */
const unwritten = refusal('KAFKA_STORAGE_ERROR', "The cluster's metadata cannot be written.")

/**
 * What Kafka's controller answers when it cannot commit in time: clients know that it may have been done, and may ask again.
 * A storage error would send people to look for a broken disk.
 */
const unanswered = refusal(
  'REQUEST_TIMED_OUT',
  "The cluster's metadata store does not answer: whether anything was changed is not known.",
)

/** A controller that may take no time at all does nothing, and says so. */
const timedOut: Outcome = { errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null }

/** The answer of `act`, or another one where the client gave it no time or the store fails. */
export function inTime<A>(timeoutMs: number, act: () => Promise<A>, otherwise: (outcome: Outcome) => A): Promise<A> {
  return timeoutMs > 0 ? unlessStoreFails(act(), otherwise) : Promise.resolve(otherwise(timedOut))
}

/** The answer, or where the cluster's metadata cannot be written another one, that tells the client so. */
export async function unlessStoreFails<A>(answer: Promise<A>, otherwise: (outcome: Outcome) => A): Promise<A> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StoreUnreachableError) return otherwise(unanswered)
    if (error instanceof MetadataStoreError) return otherwise(unwritten)
    throw error
  }
}
