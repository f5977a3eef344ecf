import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { consumeCommand } from './commands/consume.ts'
import { groupCommand } from './commands/group.ts'
import { produceCommand } from './commands/produce.ts'
import { startCommand } from './commands/start.ts'
import { topicCommand } from './commands/topic.ts'

/** The whole command line; parsing it runs a command. */
export function createProgram(): Command {
  return new Command('odradek')
    .description('Kafka in TypeScript: start a broker, and work with any Kafka')
    .version(version(), '-V, --version')
    .showHelpAfterError('(odradek --help shows what there is)')
    .showSuggestionAfterError()
    .addCommand(startCommand())
    .addCommand(topicCommand())
    .addCommand(produceCommand())
    .addCommand(consumeCommand())
    .addCommand(groupCommand())
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

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version }: { version: string } = JSON.parse(text)
  return version
}
