/**
 * SyncGroup, versions 0 to 5: the leader hands in the assignment, every member gets its own. v3: static members (KIP-345).
 * v5: the protocol that the member takes for the group's, which it must name (KIP-559).
 * ACL checks (with security): READ on the group.
 */
import {
  errorCodes,
  type MessageInput,
  type SyncGroupRequest,
  syncGroupRequest,
  syncGroupResponse,
} from '@odradek/protocol'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

export function syncGroupHandler({
  groups,
}: {
  groups: GroupCoordinator
}): ApiHandler<SyncGroupRequest, MessageInput<typeof syncGroupResponse>> {
  return apiHandler(syncGroupRequest, syncGroupResponse, (request, { apiVersion }) => {
    const isProtocolMissing = request.protocolType === null || request.protocolName === null
    if (apiVersion >= 5 && isProtocolMissing) return { errorCode: errorCodes.INCONSISTENT_GROUP_PROTOCOL }
    return groups.syncGroup(request)
  })
}
