/**
 * Heartbeat, versions 0 to 4: keeps a member of a classic group alive and tells it of a rebalance. v3: static members (KIP-345).
 * ACL checks (with security): READ on the group.
 */
import { type HeartbeatRequest, heartbeatRequest, heartbeatResponse, type MessageInput } from '@odradek/protocol'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

export function heartbeatHandler({
  groups,
}: {
  groups: GroupCoordinator
}): ApiHandler<HeartbeatRequest, MessageInput<typeof heartbeatResponse>> {
  return apiHandler(heartbeatRequest, heartbeatResponse, request => groups.heartbeat(request))
}
