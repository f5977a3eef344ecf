// What ListGroups and DescribeGroups show of a group.
import { errorCodes } from '@odradek/protocol'
import { type ClassicGroup, noBytes, protocolMetadata } from './classic-group.ts'

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: string
  readonly groupType: string
}

export interface DescribedGroup {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly groupId: string
  readonly groupState: string
  readonly protocolType: string
  /** The protocol's name, once the group is stable. */
  readonly protocolData: string
  readonly members: readonly DescribedMember[]
}

export interface DescribedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly memberMetadata: Buffer
  readonly memberAssignment: Buffer
}

/** Lower case; an empty set lets all pass. */
export interface GroupFilter {
  readonly states: ReadonlySet<string>
  readonly types: ReadonlySet<string>
}

export function passes(group: ClassicGroup, { states, types }: GroupFilter): boolean {
  return (states.size === 0 || states.has(group.state.toLowerCase())) && (types.size === 0 || types.has('classic'))
}

export function listed(group: ClassicGroup): ListedGroup {
  return {
    groupId: group.groupId,
    protocolType: group.protocolType ?? '',
    groupState: group.state,
    groupType: 'classic',
  }
}

/** From here on a group that is not there is an error; before, it is a dead group. */
const firstVersionWithErrors = 6

export function described(groupId: string, group: ClassicGroup | undefined, apiVersion: number): DescribedGroup {
  if (group === undefined) {
    const isError = apiVersion >= firstVersionWithErrors
    return {
      errorCode: isError ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.NONE,
      errorMessage: isError ? `Group ${groupId} not found.` : null,
      groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    }
  }
  const isStable = group.state === 'Stable'
  return {
    errorCode: errorCodes.NONE,
    errorMessage: null,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? protocolMetadata(member, group.protocolName) : noBytes,
      memberAssignment: member.assignment,
    })),
  }
}
