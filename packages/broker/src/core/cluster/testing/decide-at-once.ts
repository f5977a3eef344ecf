import type { ClusterImage } from '../cluster-image.ts'
import type { Decision, DivisibleRequest } from '../decision.ts'

/** What becomes of a request that is not divided, for tests. */
export function decideAtOnce<I, R>(image: ClusterImage, request: DivisibleRequest<I, R>): Decision<R[]> {
  const decision = request.decide(image, request.items)
  return { ...decision, answer: request.answer(decision.answer) }
}
