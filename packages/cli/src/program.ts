import { readFileSync } from 'node:fs'
import { Command, Help } from 'commander'
import { brokerCommand } from './commands/broker.ts'
import { clusterCommand } from './commands/cluster.ts'
import { clusterOptionsHeading } from './commands/cluster-options.ts'
import { consumeCommand } from './commands/consume.ts'
import { devCommand } from './commands/dev.ts'
import { etcdOptionsHeading } from './commands/etcd-options.ts'
import { groupCommand } from './commands/group.ts'
import { produceCommand } from './commands/produce.ts'
import { startCommand } from './commands/start.ts'
import { topicCommand } from './commands/topic.ts'

/** The whole command line; parsing it runs a command. */
export function createProgram(): Command {
  return new Command('odradek')
    .description('Kafka in TypeScript: start a broker, and work with any Kafka')
    .version(version(), '-V, --version')
    .addCommand(startCommand())
    .addCommand(devCommand())
    .addCommand(topicCommand())
    .addCommand(produceCommand())
    .addCommand(consumeCommand())
    .addCommand(groupCommand())
    .addCommand(brokerCommand())
    .addCommand(clusterCommand())
    .addHelpText(
      'after',
      `
Examples:
  odradek start --data ./data
  odradek topic create orders --partitions 12
  echo hello | odradek produce orders
  odradek consume orders --exit

Completion: source <(odradek complete bash)   (or zsh, fish, powershell)`,
    )
}

/** Wrong command lines are told in our words and end by CommanderError, not process.exit; help begins with a command's own options. */
export function settle(command: Command): void {
  command.configureHelp({
    groupItems(all, visible, groupOf) {
      const groups = [...Help.prototype.groupItems(all, visible, groupOf)]
      return new Map([...groups.filter(isOwn), ...groups.filter(group => !isOwn(group))])
    },
  })
  command.exitOverride().configureOutput({
    outputError: (text, write) =>
      write(
        `${text
          .replace(/^error: /, 'odradek: ')
          .replace(/\n\(Did you/, ' (Did you')
          .trimEnd()} (see ${nameOf(command)} --help)\n`,
      ),
  })
  for (const each of command.commands) settle(each)
}

/** As it is typed: 'odradek topic create'. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

function isOwn([heading]: [heading: string, ...unknown[]]): boolean {
  return heading !== clusterOptionsHeading && heading !== etcdOptionsHeading
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version }: { version: string } = JSON.parse(text)
  return version
}
