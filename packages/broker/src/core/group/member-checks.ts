import { errorCodes } from '@odradek/protocol'
import type { ClassicGroup } from './classic-group.ts'

/** FENCED_INSTANCE_ID: the static member lives on under another id. UNKNOWN_MEMBER_ID: no such member. Null: fine. */
export function validateMember(group: ClassicGroup, memberId: string, groupInstanceId: string | null): number | null {
  if (groupInstanceId !== null) {
    const current = group.staticMembers.get(groupInstanceId)
    if (current === undefined) return errorCodes.UNKNOWN_MEMBER_ID
    if (current !== memberId) return errorCodes.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? null : errorCodes.UNKNOWN_MEMBER_ID
}

export function validateGeneration(
  group: ClassicGroup,
  member: { memberId: string; groupInstanceId: string | null; generationId: number },
): number | null {
  const invalid = validateMember(group, member.memberId, member.groupInstanceId)
  if (invalid !== null) return invalid
  return member.generationId === group.generationId ? null : errorCodes.ILLEGAL_GENERATION
}
