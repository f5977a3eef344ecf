import { errorCodes, errorMessage } from '@odradek/protocol'
import type { Outcome } from '../../core/cluster/decision.ts'
import { MetadataStoreError } from '../../metadata/metadata-store.ts'

const storageError: Outcome = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  errorMessage: errorMessage(errorCodes.KAFKA_STORAGE_ERROR),
}

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
    if (error instanceof MetadataStoreError) return otherwise(storageError)
    throw error
  }
}
