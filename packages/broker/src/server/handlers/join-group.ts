/**
 * JoinGroup, versions 0 to 9: enters a classic group, or rejoins it. Answered when the group has its next generation.
 * v1: a rebalance timeout of its own. v4: a new dynamic member is sent back with its id (KIP-394). v5: static members (KIP-345).
 * v7: the protocol's type in the answer (KIP-559). v8: the client's reason. v9: a leader that need not assign (KIP-814).
 * ACL checks (with security): READ on the group.
 */
import { type JoinGroupRequest, joinGroupRequest, joinGroupResponse, type MessageInput } from '@odradek/protocol'
import { whenAnswered } from '../../coordinator/answer.ts'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import type { JoinAnswer } from '../../core/group/decision.ts'
import { type ApiHandler, apiHandler, type RequestContext } from '../api-handler.ts'

type Answer = MessageInput<typeof joinGroupResponse>

export function joinGroupHandler({ groups }: { groups: GroupCoordinator }): ApiHandler<JoinGroupRequest, Answer> {
  return apiHandler(joinGroupRequest, joinGroupResponse, (request, context) => {
    const { apiVersion } = context
    const answer = groups.joinGroup({
      apiVersion,
      // Version 0 had one timeout for both.
      request: apiVersion === 0 ? { ...request, rebalanceTimeoutMs: request.sessionTimeoutMs } : request,
      // Nullable on the wire; Kafka takes null for empty.
      clientId: context.clientId ?? '',
      clientHost: javaAddress(context),
    })
    return whenAnswered(answer, value => inVersion(apiVersion, value))
  })
}

/** As Java prints an address without a name, and tools show it. */
function javaAddress({ clientHost }: RequestContext): string {
  return `/${clientHost.startsWith('::ffff:') ? clientHost.slice('::ffff:'.length) : clientHost}`
}

/** Up to version 6 the protocol's name cannot be null. */
function inVersion(apiVersion: number, answer: JoinAnswer): Answer {
  return apiVersion < 7 ? { ...answer, protocolName: answer.protocolName ?? '' } : answer
}
