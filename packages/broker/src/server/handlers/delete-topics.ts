/**
 * DeleteTopics, versions 1 to 6. ACL checks (with security): DELETE on the cluster or on each topic, DESCRIBE on each topic
 * that is named by its id.
 */
import {
  type DeleteTopicsRequest,
  deleteTopicsRequest,
  deleteTopicsResponse,
  errorCodes,
  type MessageInput,
  zeroUuid,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { inTime } from './unless-store-fails.ts'

type Answer = MessageInput<typeof deleteTopicsResponse>

export function deleteTopicsHandler({
  controller,
}: {
  controller: Pick<Controller, 'deleteTopics'>
}): ApiHandler<DeleteTopicsRequest, Answer> {
  return apiHandler(deleteTopicsRequest, deleteTopicsResponse, async (request, { apiVersion }) => {
    const named = request.topicNames.map(name => ({ name, topicId: zeroUuid }))
    const topics = [...request.topics, ...named]
    const deleted = await inTime(
      request.timeoutMs,
      () => controller.deleteTopics(topics),
      outcome => topics.map(topic => ({ ...topic, outcome })),
    )
    return {
      responses: deleted.map(({ name, topicId, outcome: { errorCode, errorMessage } }) => ({
        name,
        topicId,
        // Clients of before version 3 do not know that deletion can be disabled.
        errorCode:
          apiVersion < 3 && errorCode === errorCodes.TOPIC_DELETION_DISABLED ? errorCodes.INVALID_REQUEST : errorCode,
        errorMessage,
      })),
    }
  })
}
