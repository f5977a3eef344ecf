/**
 * LeaveGroup, versions 0 to 5: takes members out of a classic group. Up to v2 one, by its id; from v3 on several, also by
 * their static ids (KIP-345). v5: the client's reason.
 * ACL checks (with security): READ on the group.
 */
import {
  errorCodes,
  type LeaveGroupRequest,
  leaveGroupRequest,
  leaveGroupResponse,
  type MessageInput,
} from '@odradek/protocol'
import { whenAnswered } from '../../coordinator/answer.ts'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import type { LeaveAnswer } from '../../core/group/member-requests.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof leaveGroupResponse>

export function leaveGroupHandler({ groups }: { groups: GroupCoordinator }): ApiHandler<LeaveGroupRequest, Answer> {
  return apiHandler(leaveGroupRequest, leaveGroupResponse, (request, { apiVersion }) => {
    const hasOneMember = apiVersion <= 2
    const { groupId, memberId } = request
    const members = hasOneMember ? [{ memberId, groupInstanceId: null }] : request.members
    const answer = groups.leaveGroup({ groupId, members })
    return hasOneMember ? whenAnswered(answer, ofOneMember) : answer
  })
}

/** The member's error is the answer's. */
function ofOneMember({ errorCode, members }: LeaveAnswer): Answer {
  return { errorCode: errorCode === errorCodes.NONE ? (members[0]?.errorCode ?? errorCode) : errorCode }
}
