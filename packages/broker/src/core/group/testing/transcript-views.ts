// How a transcript shows what a core did.
import { errorName } from '@odradek/protocol'
import { type ClassicGroup, countAwaitingJoin } from '../classic-group.ts'
import type { DurableEvent, JoinAnswer, SyncAnswer } from '../decision.ts'

export function showJoin(answer: JoinAnswer): string {
  const { errorCode, memberId, generationId, protocolName, leader, members } = answer
  if (errorCode !== 0) return `${errorName(errorCode)}${memberId === '' ? '' : ` as ${memberId}`}`
  const sees = members.length > 0 ? `, sees ${members.map(member => member.memberId).join(' ')}` : ''
  const skips = answer.skipAssignment ? ', need not assign' : ''
  return `as ${memberId} in generation ${generationId} by ${protocolName}, led by ${leader}${sees}${skips}`
}

export function showSync({ errorCode, assignment }: SyncAnswer): string {
  return errorCode === 0 ? `'${assignment.toString()}'` : errorName(errorCode)
}

export function showRecord(event: DurableEvent): string {
  switch (event.type) {
    case 'group-stored': {
      const { groupId, generationId, members } = event.group
      const names = members.map(member => `${member.memberId}:'${member.assignment.toString()}'`).join(' ')
      return `log: group ${groupId} generation ${generationId}${names === '' ? '' : ` ${names}`}`
    }
    case 'group-removed':
      return `log: no group ${event.groupId}`
    case 'offset-committed':
      return `log: offset of ${event.groupId} in ${event.topic}-${event.partition} is ${event.offset.offset}`
    case 'offset-removed':
      return `log: no offset of ${event.groupId} in ${event.topic}-${event.partition}`
  }
}

export function showGroup(group: ClassicGroup): string {
  const members = [...group.members.values()].map(member => {
    const waits = member.joinRequestId !== null ? ' joins' : member.syncRequestId !== null ? ' syncs' : ''
    return `${member.memberId}${member.groupInstanceId === null ? '' : '*'}${waits}`
  })
  const parts = [
    `${group.groupId}: ${group.state} generation ${group.generationId}`,
    ...(members.length > 0 ? [`members ${members.join(', ')}`] : []),
    ...(group.pendingMembers.size > 0 ? [`pending ${[...group.pendingMembers].join(' ')}`] : []),
    ...(group.pendingSyncs.size > 0 ? [`to sync ${[...group.pendingSyncs].join(' ')}`] : []),
    ...(countAwaitingJoin(group) > 0 && group.state !== 'PreparingRebalance' ? ['JOINS OUTSIDE OF A REBALANCE'] : []),
  ]
  return parts.join('; ')
}
