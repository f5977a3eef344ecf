import { errorCodes, errorMessage } from '@odradek/protocol'
import type { Outcome } from '../../core/cluster/decision.ts'
import { MetadataStoreError } from '../../metadata/metadata-store.ts'

const storageError: Outcome = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  errorMessage: errorMessage(errorCodes.KAFKA_STORAGE_ERROR),
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
