/**
 * DescribeGroups, versions 0 to 6: classic groups with their members. v3: the operations that the client may do (KIP-430).
 * v4: static members (KIP-345). v6: GROUP_ID_NOT_FOUND, where before a group that is not there was Dead.
 * ACL checks (with security): DESCRIBE on each group.
 */
import {
  type DescribeGroupsRequest,
  describeGroupsRequest,
  describeGroupsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, by their codes: all there are on a group. */
const groupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11)
/** Not asked for. */
const noOperations = -0x8000_0000

export function describeGroupsHandler({
  groups,
}: {
  groups: GroupCoordinator
}): ApiHandler<DescribeGroupsRequest, MessageInput<typeof describeGroupsResponse>> {
  return apiHandler(describeGroupsRequest, describeGroupsResponse, async (request, { apiVersion }) => {
    const described = await Promise.all(request.groups.map(groupId => groups.describeGroup(groupId, apiVersion)))
    return {
      groups: described.map(group => ({
        ...group,
        authorizedOperations:
          request.includeAuthorizedOperations && group.errorCode === errorCodes.NONE ? groupOperations : noOperations,
      })),
    }
  })
}
