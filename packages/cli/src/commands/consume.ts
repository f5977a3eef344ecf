import { Command } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printNote } from '../output/print.ts'
import type { ConsumedRecord } from '../records/consumed-record.ts'
import { recordToJson } from '../records/json.ts'
import { compileTemplate, TEMPLATE_HELP } from '../records/template.ts'
import { addClusterOptions, type ClusterFlags, integer, partitionCount } from './cluster-options.ts'

export interface ConsumeFlags extends ClusterFlags {
  readonly from: string
  readonly group?: string
  readonly partition?: number
  readonly count?: number
  readonly exit?: boolean
  readonly template: string
}

export function consumeCommand(): Command {
  return addClusterOptions(new Command('consume'))
    .description('print records as they arrive')
    .argument('<topic>', 'topic to read')
    .option(
      '-o, --from <where>',
      'beginning, end, an offset, -N (the last N), or a time such as 2026-01-31T12:00:00Z',
      'beginning',
    )
    .option('-g, --group <id>', 'read as a member of this group, from its committed offsets, and commit')
    .option('-p, --partition <n>', 'read this partition only', integer(0))
    .option('-n, --count <n>', 'stop after this many records', integer(1))
    .option('-e, --exit', 'stop at the present end of the topic')
    .option('-t, --template <format>', 'how a record is printed', '%s\\n')
    .addHelpText(
      'after',
      `
Templates:
${TEMPLATE_HELP}

--format json prints a line of JSON for each record.

Examples:
  odradek consume orders --exit
  odradek consume orders --group billing --template '%p:%o %k=%s\\n'
  odradek consume orders --from -10 --format json`,
    )
    .action(consume)
}

async function consume(topic: string, flags: ConsumeFlags): Promise<void> {
  const print = recordPrinter(flags)
  checkFlags(flags)
  const partitions = await partitionCount(flags, topic)
  if (flags.partition !== undefined && flags.partition >= partitions) {
    throw new UsageError(`${topic} has the partitions 0 to ${partitions - 1}, not ${flags.partition}`)
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  // A reader that has seen enough (head) closes the pipe: that is no failure.
  process.stdout.on('error', () => stop.abort())

  const { consumeInGroup } = await import('../records/consume-in-group.ts')
  const { consumePartitions } = await import('../records/consume-partitions.ts')
  const options = { ...flags, topic, signal: stop.signal }
  const records =
    flags.group === undefined ? consumePartitions(options) : consumeInGroup({ ...options, group: flags.group })
  let count = 0
  for await (const record of records) {
    if (!process.stdout.write(print(record)) && !stop.signal.aborted) await drained(stop.signal)
    count++
    if (count === flags.count || stop.signal.aborted) break
  }
  if (process.stderr.isTTY) printNote(`Read ${count} record${count === 1 ? '' : 's'} of ${topic}.`)
}

function recordPrinter(flags: ConsumeFlags): (record: ConsumedRecord) => Buffer | string {
  if (flags.format === 'json') return record => `${recordToJson(record)}\n`
  return compileTemplate(flags.template)
}

function checkFlags({ group, partition, from }: ConsumeFlags): void {
  if (group !== undefined && partition !== undefined) {
    throw new UsageError("a group's partitions are assigned by the group: leave out --partition or --group")
  }
  if (group !== undefined && from !== 'beginning' && from !== 'end') {
    throw new UsageError(
      "with --group, --from is beginning or end: it counts where the group has no offset. To move a group's offsets: odradek group reset",
    )
  }
  if (!/^(beginning|end|-?\d+)$/.test(from) && Number.isNaN(Date.parse(from))) {
    throw new UsageError(`--from takes beginning, end, an offset, -N or a time, not '${from}'`)
  }
}

function drained(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    process.stdout.once('drain', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
