// The commands of a transcript: what they ask of the core, and what it answers at once.
import { errorName, zeroUuid } from '@odradek/protocol'
import { type GroupWorld, subscription } from './group-world.ts'

/** `name=value` pairs behind a command's word. */
export class CommandArguments {
  readonly #values: ReadonlyMap<string, string>

  constructor(words: readonly string[]) {
    this.#values = new Map(
      words.map((word): [string, string] => {
        const at = word.indexOf('=')
        return [word.slice(0, at), word.slice(at + 1)]
      }),
    )
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string, fallback = ''): string {
    return this.#values.get(name) ?? fallback
  }

  textOrNull(name: string): string | null {
    return this.#values.get(name) ?? null
  }

  number(name: string, fallback: number): number {
    return Number(this.#values.get(name) ?? fallback)
  }

  list(name: string): string[] {
    return this.text(name)
      .split(',')
      .filter(part => part !== '')
  }

  numbers(): Record<string, number> {
    return Object.fromEntries([...this.#values].map(([name, value]) => [name, Number(value)]))
  }

  get groupId(): string {
    return this.text('group', 'g')
  }

  /** Who asks; in the present generation unless another is named. */
  member(world: GroupWorld): {
    groupId: string
    memberId: string
    groupInstanceId: string | null
    generationId: number
  } {
    const { groupId } = this
    const current = world.core.groups.get(groupId)?.generationId ?? 0
    const generationId = this.number('generation', current)
    return { groupId, memberId: this.text('member'), groupInstanceId: this.textOrNull('instance'), generationId }
  }

  get topic(): { name: string; topicId: string } {
    return { name: this.text('topic', 't'), topicId: this.text('id', zeroUuid) }
  }

  get partitionIndex(): number {
    return this.number('partition', 0)
  }
}

export interface CommandContext {
  readonly world: GroupWorld
  readonly args: CommandArguments
  /** Tells whose request it is that may be answered later. */
  park(requestId: number, name: string): void
}

/** Each gives the lines of its answer; parked ones are shown when they come. */
export const commands: Readonly<Record<string, (context: CommandContext) => string[]>> = {
  join({ world, args, park }) {
    const { groupId, memberId, groupInstanceId } = args.member(world)
    const clientId = args.text('client', 'c')
    const metadata = subscription(args.list('topics'))
    const names = args.has('protocols') ? args.list('protocols') : ['range']
    const request = {
      groupId,
      memberId,
      groupInstanceId,
      sessionTimeoutMs: args.number('session', 10_000),
      rebalanceTimeoutMs: args.number('rebalance', 60_000),
      protocolType: args.text('type', 'consumer'),
      protocols: names.map(name => ({ name, metadata })),
    }
    const requestId = world.join(request, { apiVersion: args.number('version', 9), clientId })
    park(requestId, memberId || groupInstanceId || clientId)
    return []
  },

  sync({ world, args, park }) {
    const member = args.member(world)
    const assignments = args.list('assign').map(pair => {
      const [memberId = '', assignment = ''] = pair.split(':')
      return { memberId, assignment: Buffer.from(assignment) }
    })
    const protocol = { protocolType: args.textOrNull('type'), protocolName: args.textOrNull('protocol') }
    park(world.sync({ ...member, ...protocol, assignments }), member.memberId)
    return []
  },

  heartbeat({ world, args }) {
    const member = args.member(world)
    const { errorCode } = world.answer(world.core.decideHeartbeat(member, world.nowMs))
    return [`heartbeat of ${member.memberId}: ${errorName(errorCode)}`]
  },

  leave({ world, args }) {
    const { groupId, memberId, groupInstanceId } = args.member(world)
    const request = { groupId, members: [{ memberId, groupInstanceId }] }
    const answer = world.answer(world.core.decideLeave(request, world.nowMs))
    return answer.members.map(one => `leave of ${one.memberId || one.groupInstanceId}: ${errorName(one.errorCode)}`)
  },

  commit({ world, args }) {
    const { generationId, ...member } = args.member(world)
    const partition = {
      partitionIndex: args.partitionIndex,
      committedOffset: args.number('offset', 0),
      committedLeaderEpoch: -1,
      committedMetadata: args.textOrNull('metadata'),
    }
    const request = {
      ...member,
      generationIdOrMemberEpoch: generationId,
      retentionTimeMs: args.number('retention', -1),
      topics: [{ ...args.topic, partitions: [partition] }],
    }
    const input = { apiVersion: args.number('version', 10), request }
    const { topics } = world.answer(world.core.decideCommit(input, world.nowMs))
    return topics.flatMap(({ name, partitions }) =>
      partitions.map(one => `commit of ${name}-${one.partitionIndex}: ${errorName(one.errorCode)}`),
    )
  },

  fetch({ world, args }) {
    const topics = args.has('topic') ? [{ ...args.topic, partitionIndexes: [args.partitionIndex] }] : null
    return world.core.fetchOffsets({ groupId: args.groupId, topics }).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset, metadata }) => {
        return `${name}-${partitionIndex}: ${committedOffset}${metadata === '' ? '' : ` '${metadata}'`}`
      }),
    )
  },

  'delete-offsets'({ world, args }) {
    const topics = [{ name: args.topic.name, partitions: [{ partitionIndex: args.partitionIndex }] }]
    const answer = world.answer(world.core.decideOffsetDelete({ groupId: args.groupId, topics }))
    const codes = answer.topics.flatMap(topic => topic.partitions.map(partition => partition.errorCode))
    return [`delete-offsets: ${[answer.errorCode, ...codes].map(errorName).join(' ')}`]
  },

  'delete-group'({ world, args }) {
    const codes = world.answer(world.core.decideDelete([args.groupId]))
    return codes.map(code => `delete-group: ${errorName(code)}`)
  },

  'delete-topic'({ world, args }) {
    world.carryOut(world.core.decideTopicsDeleted(new Set(args.list('topic'))))
    return []
  },

  expire({ world }) {
    world.carryOut(world.core.decideExpiry(world.nowMs))
    return []
  },

  wait({ world, args }) {
    world.wait(args.number('ms', 0) + args.number('s', 0) * 1000 + args.number('days', 0) * 86_400_000)
    return []
  },

  restart({ world }) {
    world.restart()
    return []
  },
}
