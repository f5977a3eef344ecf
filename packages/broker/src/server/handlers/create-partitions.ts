/** CreatePartitions, versions 0 to 3: topics grow (KIP-195). ACL checks (with security): ALTER on each topic. */
import {
  type CreatePartitionsRequest,
  createPartitionsRequest,
  createPartitionsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { inTime } from './unless-store-fails.ts'

type Answer = MessageInput<typeof createPartitionsResponse>

export function createPartitionsHandler({
  controller,
}: {
  controller: Pick<Controller, 'createPartitions'>
}): ApiHandler<CreatePartitionsRequest, Answer> {
  return apiHandler(createPartitionsRequest, createPartitionsResponse, async ({ topics, timeoutMs, validateOnly }) => {
    const grown = await inTime(
      timeoutMs,
      () => controller.createPartitions(topics, { validateOnly }),
      outcome => topics.map(({ name }) => ({ name, outcome })),
    )
    return { results: grown.map(({ name, outcome }) => ({ name, ...outcome })) }
  })
}
