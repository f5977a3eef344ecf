import {
  type ClusterClient,
  commitOffsets,
  committedOffsets,
  deleteGroup,
  describeGroup,
  describeTopics,
  EARLIEST,
  type GroupMember,
  LATEST,
  listGroups,
  listOffsets,
  type PartitionOffset,
} from '@odradek/client'
import { Command } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printJson, printNote, printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { addClusterOptions, type ClusterFlags, repeated, withCluster } from './cluster-options.ts'

export function groupCommand(): Command {
  return new Command('group')
    .description('list, describe, reset and delete consumer groups')
    .addCommand(listCommand())
    .addCommand(describeCommand())
    .addCommand(resetCommand())
    .addCommand(deleteCommand())
}

function listCommand(): Command {
  return addClusterOptions(new Command('list'))
    .description('list the groups')
    .addHelpText('after', '\nExample:\n  odradek group list --format json')
    .action((flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        const groups = await listGroups(cluster)
        if (flags.format === 'json') return printJson(groups)
        if (groups.length === 0) printNote('There are no groups.')
        printText(
          table(
            ['GROUP', 'STATE', 'PROTOCOL'],
            groups.map(group => [group.groupId, group.state || '-', group.protocolType || '-']),
          ),
        )
      }),
    )
}

function describeCommand(): Command {
  return addClusterOptions(new Command('describe'))
    .description("show a group's members, offsets and lag")
    .argument('<group>', 'id of the group')
    .addHelpText('after', '\nExample:\n  odradek group describe billing')
    .action((groupId: string, flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        const group = await describeGroup(cluster, groupId)
        const offsets = await offsetsWithLag(cluster, groupId, group.members)
        if (flags.format === 'json') {
          const { state, protocol, members } = group
          return printJson({ groupId, state, protocol, members, offsets })
        }
        const count = group.members.length
        printText(
          `${groupId}  ${group.state}  ${count} member${count === 1 ? '' : 's'}${group.protocol && `  ${group.protocol}`}\n`,
        )
        if (offsets.length > 0) {
          const rows = offsets.map(each => [
            each.topic,
            each.partition,
            each.committed ?? '-',
            each.end,
            each.lag ?? '-',
            each.member?.clientId ?? '-',
            each.member?.host ?? '-',
          ])
          printText(`\n${table(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'CLIENT', 'HOST'], rows)}`)
        }
      }),
    )
}

interface OffsetWithLag {
  readonly topic: string
  readonly partition: number
  readonly committed: number | null
  readonly end: number
  readonly lag: number | null
  readonly member: Pick<GroupMember, 'memberId' | 'clientId' | 'host'> | null
}

/** Every partition that the group has committed or that a member is assigned. */
async function offsetsWithLag(
  cluster: ClusterClient,
  groupId: string,
  members: readonly GroupMember[],
): Promise<OffsetWithLag[]> {
  const key = (topic: string, partition: number) => `${topic}/${partition}`
  const committed = new Map(
    (await committedOffsets(cluster, groupId)).map(each => [key(each.topic, each.partition), each]),
  )
  const owners = new Map<string, GroupMember>()
  for (const member of members) {
    for (const { topic, partitions } of member.assignment) {
      for (const partition of partitions) owners.set(key(topic, partition), member)
    }
  }
  const existing = new Set((await describeTopics(cluster, null)).map(topic => topic.name))
  const wanted = new Set([...committed.keys(), ...owners.keys()].map(each => each.slice(0, each.lastIndexOf('/'))))
  const ends = await listOffsets(cluster, [...wanted.intersection(existing)], LATEST)
  return ends
    .filter(end => committed.has(key(end.topic, end.partition)) || owners.has(key(end.topic, end.partition)))
    .sort(byPartition)
    .map(end => {
      const at = committed.get(key(end.topic, end.partition))?.offset ?? null
      const owner = owners.get(key(end.topic, end.partition))
      const member =
        owner === undefined ? null : { memberId: owner.memberId, clientId: owner.clientId, host: owner.host }
      return {
        topic: end.topic,
        partition: end.partition,
        committed: at,
        end: end.offset,
        lag: at === null ? null : Math.max(0, end.offset - at),
        member,
      }
    })
}

function byPartition(a: PartitionOffset, b: PartitionOffset): number {
  if (a.topic === b.topic) return a.partition - b.partition
  return a.topic < b.topic ? -1 : 1
}

function resetCommand(): Command {
  interface Flags extends ClusterFlags {
    readonly topic: readonly string[]
    readonly to: string
    readonly dryRun?: boolean
  }
  return addClusterOptions(new Command('reset'))
    .description("set a group's committed offsets; the group must have no members")
    .argument('<group>', 'id of the group')
    .requiredOption(
      '-t, --topic <name[:partitions]>',
      'a topic, or some of its partitions: orders:0,2 (may be repeated)',
      repeated,
    )
    .requiredOption(
      '--to <where>',
      'earliest, latest, an offset, +N or -N (shift), or a time such as 2026-01-31T12:00:00Z',
    )
    .option('--dry-run', 'only show what would be set')
    .addHelpText(
      'after',
      '\nExamples:\n  odradek group reset billing --topic orders --to earliest\n  odradek group reset billing --topic orders:0,3 --to -100 --dry-run',
    )
    .action((groupId: string, flags: Flags) =>
      withCluster(flags, async cluster => {
        const targets = await resetTargets(cluster, groupId, flags)
        if (!flags.dryRun) await commitOffsets(cluster, groupId, targets)
        if (flags.format === 'json') return printJson({ groupId, dryRun: flags.dryRun ?? false, offsets: targets })
        const rows = targets.map(each => [each.topic, each.partition, each.offset])
        printText(table(['TOPIC', 'PARTITION', 'NEW OFFSET'], rows))
        if (flags.dryRun) printNote('Nothing was changed (--dry-run).')
      }),
    )
}

async function resetTargets(
  cluster: ClusterClient,
  groupId: string,
  flags: { topic: readonly string[]; to: string },
): Promise<PartitionOffset[]> {
  const wanted = new Map(flags.topic.map(parseTopicPartitions))
  const names = [...wanted.keys()]
  const of = async (timestamp: number) =>
    (await listOffsets(cluster, names, timestamp))
      .filter(each => wanted.get(each.topic)?.has(each.partition) !== false)
      .sort(byPartition)
  const starts = await of(EARLIEST)
  const ends = await of(LATEST)
  const unknown = [...wanted].flatMap(([topic, partitions]) =>
    [...(partitions ?? [])]
      .filter(each => !ends.some(end => end.topic === topic && end.partition === each))
      .map(each => `${topic}:${each}`),
  )
  if (unknown.length > 0) throw new UsageError(`there is no partition ${unknown.join(', ')}`)

  if (flags.to === 'earliest') return starts
  if (flags.to === 'latest') return ends
  const within = (each: PartitionOffset, offset: number) => {
    const start = starts.find(({ topic, partition }) => topic === each.topic && partition === each.partition)
    return { ...each, offset: Math.min(Math.max(offset, start?.offset ?? 0), each.offset) }
  }
  if (/^\d+$/.test(flags.to)) return ends.map(end => within(end, Number(flags.to)))
  if (/^[+-]\d+$/.test(flags.to)) {
    const committed = await committedOffsets(cluster, groupId)
    const shifted = ends.flatMap(end => {
      const at = committed.find(({ topic, partition }) => topic === end.topic && partition === end.partition)
      return at === undefined ? [] : [within(end, at.offset + Number(flags.to))]
    })
    if (shifted.length === 0) throw new UsageError(`${groupId} has committed no offset of ${names.join(', ')} to shift`)
    return shifted
  }
  const time = Date.parse(flags.to)
  if (Number.isNaN(time))
    throw new UsageError(`--to takes earliest, latest, an offset, +N, -N or a time, not '${flags.to}'`)
  return of(time)
}

/** 'NAME' or 'NAME:0,2'; without partitions all are meant. */
function parseTopicPartitions(text: string): [topic: string, partitions: ReadonlySet<number> | undefined] {
  const match = /^([^:]+)(?::(\d+(?:,\d+)*))?$/.exec(text)
  if (match?.[1] === undefined) throw new UsageError(`'${text}' is not TOPIC or TOPIC:PARTITION,…`)
  return [match[1], match[2] === undefined ? undefined : new Set(match[2].split(',').map(Number))]
}

function deleteCommand(): Command {
  return addClusterOptions(new Command('delete'))
    .description('delete groups and their offsets; they must have no members')
    .argument('<groups...>', 'ids of the groups')
    .addHelpText('after', '\nExample:\n  odradek group delete billing audit')
    .action((groups: string[], flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        for (const groupId of groups) {
          await deleteGroup(cluster, groupId)
          if (flags.format === 'json') printJson({ groupId, deleted: true })
          else printText(`Deleted group ${groupId}.\n`)
        }
      }),
    )
}
