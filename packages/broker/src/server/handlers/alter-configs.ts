/**
 * AlterConfigs, versions 0 to 2: replaces all settings of a resource. ACL checks (with security): ALTER_CONFIGS on the
 * topic or group, or on the cluster for a broker.
 */
import {
  type AlterConfigsRequest,
  alterConfigsRequest,
  alterConfigsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { unlessStoreFails } from './unless-store-fails.ts'

type Answer = MessageInput<typeof alterConfigsResponse>

export function alterConfigsHandler({
  controller,
}: {
  controller: Pick<Controller, 'alterConfigs'>
}): ApiHandler<AlterConfigsRequest, Answer> {
  return apiHandler(alterConfigsRequest, alterConfigsResponse, async ({ resources, validateOnly }) => {
    const altering = controller.alterConfigs({ resources, incremental: false, validateOnly })
    const altered = await unlessStoreFails(altering, outcome =>
      resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, outcome })),
    )
    return { responses: altered.map(({ outcome, ...resource }) => ({ ...resource, ...outcome })) }
  })
}
