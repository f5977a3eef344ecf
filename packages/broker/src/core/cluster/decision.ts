import { type ErrorName, errorCodes } from '@odradek/protocol'
import type { ClusterChange } from './cluster-change.ts'
import type { ClusterImage } from './cluster-image.ts'

/** What the controller makes of a request: what is to be committed, and what is answered once it is. */
export interface Decision<T> {
  readonly changes: readonly ClusterChange[]
  readonly answer: T
  /** Entities that the decision stands on and leaves as they are: the commit fails if they were written since. */
  readonly alsoUnchanged?: readonly ClusterChange[]
  /** What is nobody's any more once the changes are committed, and goes in commits of its own: there can be thousands. */
  readonly leftovers?: readonly ClusterChange[]
}

/**
 * A request about many things, each of which is decided by itself, so that what is too much for one commit can go in parts.
 * What the request as a whole rules out is settled before anything is decided, and is the same however it is divided.
 */
export interface DivisibleRequest<I, R> {
  readonly items: readonly I[]
  decide(image: ClusterImage, items: readonly I[]): Decision<R[]>
  /** The whole answer, given what was decided of the items, in their order. */
  answer(decided: readonly R[]): R[]
}

/** How one part of a request ended. The message is for people; tools show it as it is. */
export interface Outcome {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const success: Outcome = { errorCode: errorCodes.NONE, errorMessage: null }

export function refusal(error: ErrorName, errorMessage: string): Outcome {
  return { errorCode: errorCodes[error], errorMessage }
}

// Sentences that Kafka gives with the bare code, and that tools print.
export const unknownTopic = refusal('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
export const unknownTopicId = refusal('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
