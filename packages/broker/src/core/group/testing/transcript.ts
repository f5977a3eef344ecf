// Runs the commands of a transcript against a core and writes down what came of them.
//
//   # A comment.
//   join group=g client=a topics=t1        a command: words, then name=value
//   ----
//   a-1: MEMBER_ID_REQUIRED                what it brought about: answers, records, the groups it changed
//
// A blank line ends the output.
import { errorName } from '@odradek/protocol'
import { type ClassicGroup, countAwaitingJoin } from '../classic-group.ts'
import type { DurableEvent, JoinAnswer, SyncAnswer } from '../decision.ts'
import type { GroupConfig } from '../group-config.ts'
import { GroupWorld, subscription } from './group-world.ts'

interface Command {
  readonly verb: string
  readonly arguments: ReadonlyMap<string, string>
}

/** The transcript with its outputs as they are now. */
export function runTranscript(text: string): string {
  const session = new Session()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map(block => session.runBlock(block)).join('\n\n')}\n`
}

class Session {
  #world = new GroupWorld()
  readonly #names = new Map<number, string>()
  #seen = { joins: 0, syncs: 0, records: 0 }
  #shown = new Map<string, string>()

  runBlock(block: string): string {
    const lines = block.split('\n')
    const end = lines.indexOf('----')
    const input = end < 0 ? lines : lines.slice(0, end)
    const commands = input.filter(line => line.trim() !== '' && !line.startsWith('#'))
    if (commands.length === 0) return input.join('\n')
    const output = commands.flatMap(line => this.#run(parse(line)))
    return [...input, '----', ...(output.length > 0 ? output : ['(nothing)'])].join('\n')
  }

  #run(command: Command): string[] {
    const direct = this.#carryOut(command)
    return [...direct, ...this.#answers(), ...this.#records(), ...this.#groups()]
  }

  #carryOut({ verb, arguments: args }: Command): string[] {
    const text = (name: string, fallback: string): string => args.get(name) ?? fallback
    const number = (name: string, fallback: number): number => Number(args.get(name) ?? fallback)
    const list = (name: string): string[] => (args.get(name) ?? '').split(',').filter(part => part !== '')
    const world = this.#world
    const groupId = text('group', 'g')
    const memberId = text('member', '')
    const groupInstanceId = args.get('instance') ?? null
    const generationId = number('generation', world.core.groups.get(groupId)?.generationId ?? 0)
    switch (verb) {
      case 'config':
        this.#world = new GroupWorld(
          Object.fromEntries([...args].map(([name, value]) => [name, Number(value)])) as Partial<GroupConfig>,
        )
        this.#shown.clear()
        return []
      case 'join': {
        const clientId = text('client', 'c')
        const metadata = subscription(list('topics'))
        const names = args.has('protocols') ? list('protocols') : ['range']
        const request = {
          groupId,
          memberId,
          groupInstanceId,
          sessionTimeoutMs: number('session', 10_000),
          rebalanceTimeoutMs: number('rebalance', 60_000),
          protocolType: text('type', 'consumer'),
          protocols: names.map(name => ({ name, metadata })),
        }
        const id = world.join(request, { apiVersion: number('version', 9), clientId })
        this.#names.set(id, memberId || groupInstanceId || clientId)
        return []
      }
      case 'sync': {
        const assignments = list('assign').map(pair => {
          const [to = '', assignment = ''] = pair.split(':')
          return { memberId: to, assignment: Buffer.from(assignment) }
        })
        const [protocolType, protocolName] = [args.get('type') ?? null, args.get('protocol') ?? null]
        const request = { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName, assignments }
        this.#names.set(world.sync(request), memberId)
        return []
      }
      case 'heartbeat': {
        const request = { groupId, generationId, memberId, groupInstanceId }
        const { errorCode } = world.answer(world.core.decideHeartbeat(request, world.nowMs))
        return [`heartbeat of ${memberId}: ${errorName(errorCode)}`]
      }
      case 'leave': {
        const members = memberId !== '' || groupInstanceId !== null ? [{ memberId, groupInstanceId }] : []
        const others = list('members').map(id => ({ memberId: id, groupInstanceId: null }))
        const request = { groupId, members: [...members, ...others] }
        const answer = world.answer(world.core.decideLeave(request, world.nowMs))
        return answer.members.map(member => {
          return `leave of ${member.memberId || member.groupInstanceId}: ${errorName(member.errorCode)}`
        })
      }
      case 'commit': {
        const request = {
          groupId,
          generationIdOrMemberEpoch: generationId,
          memberId,
          groupInstanceId,
          retentionTimeMs: number('retention', -1),
          topics: [
            {
              name: text('topic', 't'),
              topicId: text('id', 'AAAAAAAAAAAAAAAAAAAAAA'),
              partitions: [
                {
                  partitionIndex: number('partition', 0),
                  committedOffset: number('offset', 0),
                  committedLeaderEpoch: -1,
                  committedMetadata: args.get('metadata') ?? null,
                },
              ],
            },
          ],
        }
        const answer = world.answer(
          world.core.decideCommit({ apiVersion: number('version', 10), request }, world.nowMs),
        )
        return answer.topics.flatMap(topic => {
          return topic.partitions.map(({ partitionIndex, errorCode }) => {
            return `commit of ${topic.name}-${partitionIndex}: ${errorName(errorCode)}`
          })
        })
      }
      case 'fetch': {
        const topics = args.has('topic')
          ? [
              {
                name: text('topic', 't'),
                topicId: text('id', 'AAAAAAAAAAAAAAAAAAAAAA'),
                partitionIndexes: [number('partition', 0)],
              },
            ]
          : null
        return world.core.fetchOffsets({ groupId, topics }).flatMap(topic => {
          return topic.partitions.map(partition => {
            const metadata = partition.metadata === '' ? '' : ` '${partition.metadata}'`
            return `${topic.name}-${partition.partitionIndex}: ${partition.committedOffset}${metadata}`
          })
        })
      }
      case 'delete-offsets': {
        const request = {
          groupId,
          topics: [{ name: text('topic', 't'), partitions: [{ partitionIndex: number('partition', 0) }] }],
        }
        const answer = world.answer(world.core.decideOffsetDelete(request))
        const codes = answer.topics.flatMap(topic => topic.partitions.map(partition => partition.errorCode))
        return [`delete-offsets: ${[answer.errorCode, ...codes].map(errorName).join(' ')}`]
      }
      case 'delete-group':
        return world.answer(world.core.decideDelete([groupId])).map(code => `delete-group: ${errorName(code)}`)
      case 'delete-topic':
        world.carryOut(world.core.decideTopicsDeleted(new Set(list('topic'))))
        return []
      case 'expire':
        world.carryOut(world.core.decideExpiry(world.nowMs))
        return []
      case 'wait':
        world.wait(number('ms', 0) + number('s', 0) * 1000 + number('days', 0) * 86_400_000)
        return []
      case 'restart':
        world.restart()
        this.#shown.clear()
        return []
      default:
        throw new Error(`${verb} is not a command`)
    }
  }

  #answers(): string[] {
    const { joins, syncs } = this.#world
    const lines = [
      ...[...joins]
        .slice(this.#seen.joins)
        .map(([id, answer]) => `join of ${this.#names.get(id)}: ${showJoin(answer)}`),
      ...[...syncs]
        .slice(this.#seen.syncs)
        .map(([id, answer]) => `sync of ${this.#names.get(id)}: ${showSync(answer)}`),
    ]
    this.#seen = { ...this.#seen, joins: joins.size, syncs: syncs.size }
    return lines
  }

  #records(): string[] {
    const { records } = this.#world
    const lines = records.slice(this.#seen.records).map(showRecord)
    this.#seen = { ...this.#seen, records: records.length }
    return lines
  }

  /** The groups that are not what they were. */
  #groups(): string[] {
    const now = new Map([...this.#world.core.groups].map(([groupId, group]) => [groupId, showGroup(group)]))
    const lines = [...now].filter(([groupId, shown]) => this.#shown.get(groupId) !== shown).map(([, shown]) => shown)
    for (const groupId of this.#shown.keys()) if (!now.has(groupId)) lines.push(`${groupId} is gone`)
    this.#shown = now
    return lines
  }
}

function parse(line: string): Command {
  const [verb = '', ...words] = line.trim().split(/\s+/)
  const pairs = words.map((word): [string, string] => {
    const at = word.indexOf('=')
    return [word.slice(0, at), word.slice(at + 1)]
  })
  return { verb, arguments: new Map(pairs) }
}

function showJoin(answer: JoinAnswer): string {
  const { errorCode, memberId, generationId, protocolName, leader, members } = answer
  if (errorCode !== 0) return `${errorName(errorCode)}${memberId === '' ? '' : ` as ${memberId}`}`
  const sees = members.length > 0 ? `, sees ${members.map(member => member.memberId).join(' ')}` : ''
  const skips = answer.skipAssignment ? ', need not assign' : ''
  return `as ${memberId} in generation ${generationId} by ${protocolName}, led by ${leader}${sees}${skips}`
}

function showSync({ errorCode, assignment }: SyncAnswer): string {
  return errorCode === 0 ? `'${assignment.toString()}'` : errorName(errorCode)
}

function showRecord(event: DurableEvent): string {
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

function showGroup(group: ClassicGroup): string {
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
