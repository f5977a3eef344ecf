/**
 * InitProducerId, versions 0 to 5: a new id for an idempotent producer. ACL checks (with security): IDEMPOTENT_WRITE on the
 * cluster, or WRITE on any topic.
 *
 * Left out: transactional ids. They are refused for good, as FindCoordinator refuses them.
 */
import {
  errorCodes,
  type InitProducerIdRequest,
  initProducerIdRequest,
  initProducerIdResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { ProducerIds } from '../../metadata/producer-ids.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { unlessStoreFails } from './unless-store-fails.ts'

type Answer = MessageInput<typeof initProducerIdResponse>

export function initProducerIdHandler({
  producerIds,
}: {
  producerIds: Pick<ProducerIds, 'next'>
}): ApiHandler<InitProducerIdRequest, Answer> {
  return apiHandler(initProducerIdRequest, initProducerIdResponse, async request => {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId !== null) return refuse(errorCodes.INVALID_REQUEST)
    // Who has an id has an epoch, and the other way round.
    if ((producerId === -1) !== (producerEpoch === -1)) return refuse(errorCodes.INVALID_REQUEST)
    const next = producerIds
      .next()
      .then(id => ({ errorCode: errorCodes.NONE as number, producerId: id, producerEpoch: 0 }))
    return unlessStoreFails<Answer>(next, ({ errorCode }) => refuse(known(errorCode)))
  })
}

/** Older clients take a time-out for fatal, so that Kafka says what they all try again. */
function known(errorCode: number): number {
  return errorCode === errorCodes.REQUEST_TIMED_OUT ? errorCodes.COORDINATOR_LOAD_IN_PROGRESS : errorCode
}

function refuse(errorCode: number): Answer {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
