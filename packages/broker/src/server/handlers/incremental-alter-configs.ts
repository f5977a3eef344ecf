/**
 * IncrementalAlterConfigs, versions 0 and 1: sets, deletes, appends and subtracts single settings (KIP-339). ACL checks
 * (with security): ALTER_CONFIGS on the topic or group, or on the cluster for a broker.
 */
import {
  type IncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { unlessStoreFails } from './unless-store-fails.ts'

type Answer = MessageInput<typeof incrementalAlterConfigsResponse>

export function incrementalAlterConfigsHandler({
  controller,
}: {
  controller: Pick<Controller, 'alterConfigs'>
}): ApiHandler<IncrementalAlterConfigsRequest, Answer> {
  return apiHandler(
    incrementalAlterConfigsRequest,
    incrementalAlterConfigsResponse,
    async ({ resources, validateOnly }) => {
      const altering = controller.alterConfigs({ resources, incremental: true, validateOnly })
      const altered = await unlessStoreFails(altering, outcome =>
        resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, outcome })),
      )
      return { responses: altered.map(({ outcome, ...resource }) => ({ ...resource, ...outcome })) }
    },
  )
}
