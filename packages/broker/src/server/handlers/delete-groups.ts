/**
 * DeleteGroups, versions 0 to 2: removes groups without members, with their offsets (KIP-229).
 * ACL checks (with security): DELETE on each group.
 */
import {
  type DeleteGroupsRequest,
  deleteGroupsRequest,
  deleteGroupsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

export function deleteGroupsHandler({
  groups,
}: {
  groups: GroupCoordinator
}): ApiHandler<DeleteGroupsRequest, MessageInput<typeof deleteGroupsResponse>> {
  return apiHandler(deleteGroupsRequest, deleteGroupsResponse, async request => {
    const groupIds = [...new Set(request.groupsNames)]
    const codes = await groups.deleteGroups(groupIds)
    return { results: groupIds.map((groupId, i) => ({ groupId, errorCode: codes[i] ?? errorCodes.NONE })) }
  })
}
