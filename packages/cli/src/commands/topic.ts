import {
  alterTopicConfigs,
  createPartitions,
  createTopic,
  deleteTopic,
  describeTopicConfigs,
  describeTopics,
  EARLIEST,
  KafkaError,
  LATEST,
  listOffsets,
  type TopicDescription,
} from '@odradek/client'
import { errorCodes } from '@odradek/protocol'
import { Command } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printJson, printNote, printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { addClusterOptions, type ClusterFlags, integer, keyValue, repeated, withCluster } from './cluster-options.ts'

export function topicCommand(): Command {
  return new Command('topic')
    .description('create, list, describe, alter and delete topics')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(describeCommand())
    .addCommand(alterCommand())
    .addCommand(deleteCommand())
}

function createCommand(): Command {
  interface Flags extends ClusterFlags {
    readonly partitions?: number
    readonly replicas?: number
    readonly replicationFactor?: number
    readonly config?: ReadonlyMap<string, string>
    readonly ifNotExists?: boolean
  }
  return addClusterOptions(new Command('create'))
    .description('create a topic')
    .argument('<name>', 'name of the topic')
    .option('-p, --partitions <n>', "number of partitions (default: the broker's num.partitions)", integer(1))
    .option('-r, --replicas <n>', "copies of each partition (default: the broker's)", integer(1))
    .option('--replication-factor <n>', 'the same as --replicas', integer(1))
    .option(
      '-c, --config <key=value>',
      'a setting of the topic, such as retention.ms=60000 (may be repeated)',
      keyValue('--config'),
    )
    .option('--if-not-exists', 'a topic that is there already is no failure')
    .addHelpText(
      'after',
      '\nExample:\n  odradek topic create orders --partitions 12 --replicas 3 --config retention.ms=86400000',
    )
    .action((name: string, flags: Flags) =>
      withCluster(flags, async cluster => {
        if (flags.ifNotExists) {
          const existing = await describeTopics(cluster, null)
          if (existing.some(topic => topic.name === name))
            return report(flags, `Topic ${name} exists.`, { name, created: false })
        }
        const { partitions = -1, config: configs = new Map() } = flags
        const replicationFactor = flags.replicas ?? flags.replicationFactor ?? -1
        await createTopic(cluster, { name, partitions, replicationFactor, configs })
        report(flags, `Created topic ${name}.`, { name, created: true })
      }),
    )
}

function listCommand(): Command {
  return addClusterOptions(new Command('list'))
    .description('list the topics')
    .option('--internal', "Kafka's own topics too")
    .addHelpText('after', '\nExample:\n  odradek topic list --format json')
    .action((flags: ClusterFlags & { internal?: boolean }) =>
      withCluster(flags, async cluster => {
        const topics = (await describeTopics(cluster, null)).filter(topic => flags.internal || !topic.internal)
        const rows = topics.map(topic => ({
          name: topic.name,
          partitions: topic.partitions.length,
          replicas: topic.partitions[0]?.replicas.length ?? 0,
        }))
        if (flags.format === 'json') return printJson(rows)
        if (rows.length === 0) printNote('There are no topics. Make one with: odradek topic create NAME')
        printText(
          table(
            ['TOPIC', 'PARTITIONS', 'REPLICAS'],
            rows.map(row => [row.name, row.partitions, row.replicas]),
          ),
        )
      }),
    )
}

function describeCommand(): Command {
  return addClusterOptions(new Command('describe'))
    .description("show a topic's partitions, offsets and settings")
    .argument('<name>', 'name of the topic')
    .option('--all-configs', 'inherited settings too')
    .addHelpText('after', '\nExample:\n  odradek topic describe orders --all-configs')
    .action((name: string, flags: ClusterFlags & { allConfigs?: boolean }) =>
      withCluster(flags, async cluster => {
        const [topic] = await describeTopics(cluster, [name])
        if (topic === undefined) throw new KafkaError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
        const [starts, ends] = await Promise.all([EARLIEST, LATEST].map(at => listOffsets(cluster, [name], at)))
        const configs = (await describeTopicConfigs(cluster, name))
          .filter(config => flags.allConfigs || config.own)
          .sort((a, b) => (a.name < b.name ? -1 : 1))
        const partitions = topic.partitions.map(partition => ({
          ...partition,
          startOffset: offsetOf(starts ?? [], partition.index),
          endOffset: offsetOf(ends ?? [], partition.index),
        }))
        if (flags.format === 'json') {
          const settings = Object.fromEntries(configs.map(config => [config.name, config.value]))
          return printJson({ name, topicId: topic.topicId, internal: topic.internal, partitions, configs: settings })
        }
        printText(`${heading(topic)}\n\n`)
        printText(
          table(
            ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'START', 'END'],
            partitions.map(each => [
              each.index,
              each.leader,
              each.leaderEpoch,
              each.replicas.join(','),
              each.isr.join(','),
              each.startOffset,
              each.endOffset,
            ]),
          ),
        )
        const settings = configs.map(config => [config.name, config.value ?? '-'])
        if (settings.length > 0) printText(`\n${table(['SETTING', 'VALUE'], settings)}`)
      }),
    )
}

function alterCommand(): Command {
  interface Flags extends ClusterFlags {
    readonly partitions?: number
    readonly config?: ReadonlyMap<string, string>
    readonly unset?: readonly string[]
  }
  return addClusterOptions(new Command('alter'))
    .description('raise the number of partitions, change settings')
    .argument('<name>', 'name of the topic')
    .option('-p, --partitions <n>', 'the new, higher number of partitions', integer(1))
    .option('-c, --config <key=value>', 'a setting to change (may be repeated)', keyValue('--config'))
    .option('-u, --unset <key>', 'a setting to take back to its default (may be repeated)', repeated)
    .addHelpText(
      'after',
      '\nExample:\n  odradek topic alter orders --partitions 24 --config retention.ms=3600000 --unset max.message.bytes',
    )
    .action((name: string, flags: Flags) =>
      withCluster(flags, async cluster => {
        const changes = new Map<string, string | null>([
          ...(flags.config ?? []),
          ...(flags.unset ?? []).map(key => [key, null] as const),
        ])
        if (changes.size === 0 && flags.partitions === undefined) {
          throw new UsageError('nothing to alter: give --partitions, --config or --unset')
        }
        if (flags.partitions !== undefined) await createPartitions(cluster, name, flags.partitions)
        if (changes.size > 0) await alterTopicConfigs(cluster, name, changes)
        report(flags, `Altered topic ${name}.`, { name, altered: true })
      }),
    )
}

function deleteCommand(): Command {
  return addClusterOptions(new Command('delete'))
    .description('delete topics and all their records')
    .argument('<names...>', 'names of the topics')
    .addHelpText('after', '\nExample:\n  odradek topic delete orders invoices')
    .action((names: string[], flags: ClusterFlags) =>
      withCluster(flags, async cluster => {
        for (const name of names) {
          await deleteTopic(cluster, name)
          report(flags, `Deleted topic ${name}.`, { name, deleted: true })
        }
      }),
    )
}

function report(flags: ClusterFlags, text: string, json: object): void {
  if (flags.format === 'json') printJson(json)
  else printText(`${text}\n`)
}

function heading(topic: TopicDescription): string {
  const partitions = topic.partitions.length
  return `${topic.name}  ${partitions} partition${partitions === 1 ? '' : 's'}  id ${topic.topicId}${topic.internal ? '  internal' : ''}`
}

function offsetOf(offsets: readonly { partition: number; offset: number }[], partition: number): number {
  return offsets.find(each => each.partition === partition)?.offset ?? -1
}
