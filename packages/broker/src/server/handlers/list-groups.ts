/**
 * ListGroups, versions 0 to 5: the groups that this broker coordinates. v4: by state. v5: by type (KIP-848).
 * ACL checks (with security): DESCRIBE on the cluster shows all; else only groups with DESCRIBE on them appear.
 *
 * Left out: all groups are classic ones so far, so a filter for another type finds nothing.
 */
import { type ListGroupsRequest, listGroupsRequest, listGroupsResponse, type MessageInput } from '@odradek/protocol'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

export function listGroupsHandler({
  groups,
}: {
  groups: GroupCoordinator
}): ApiHandler<ListGroupsRequest, MessageInput<typeof listGroupsResponse>> {
  return apiHandler(listGroupsRequest, listGroupsResponse, ({ statesFilter, typesFilter }) =>
    groups.listGroups({
      states: new Set(statesFilter.map(state => state.toLowerCase().trim())),
      types: new Set(typesFilter.map(type => type.toLowerCase().trim())),
    }),
  )
}
