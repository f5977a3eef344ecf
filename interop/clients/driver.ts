/**
 * The line protocol between the matrix test and a client program, and the loop for programs written in JavaScript.
 * Each line is one JSON object. Programs in other languages speak the same; see README.md.
 */
import { createInterface } from 'node:readline'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Sends `count` records with the values of {@link valuesOf} and distinct keys, acks=all, and waits for the acknowledgements. */
export interface ProduceCommand {
  readonly do: 'produce'
  readonly topic: string
  readonly codec: Codec
  readonly prefix: string
  readonly count: number
}

/** Joins a group, from the earliest offset where nothing is committed; records are reported until `leave`. */
export interface ConsumeCommand {
  readonly do: 'consume'
  readonly topic: string
  readonly group: string
}

/** Commits what was reported and leaves the group as the client does at its end. */
export interface LeaveCommand {
  readonly do: 'leave'
}

export type Command = ProduceCommand | ConsumeCommand | LeaveCommand

export type Report =
  | { readonly ready: readonly Codec[] }
  | { readonly did: Command['do'] }
  | { readonly record: { readonly partition: number; readonly value: string } }
  | { readonly failed: string }

/** Long enough that compressing pays, so that a client does not fall back to plain. */
export function valuesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}-${'spool'.repeat(20)}`)
}

/** What a client has to do; one object is one client with one group membership at most. */
export interface ClientDriver {
  readonly codecs: readonly Codec[]
  produce(command: ProduceCommand, records: readonly { key: string; value: string }[]): Promise<void>
  consume(command: ConsumeCommand, onRecord: (partition: number, value: string) => void): Promise<void>
  leave(): Promise<void>
  /** Called once before the program ends. */
  close(): Promise<void>
}

function report(line: Report): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Obeys the lines on standard input until it ends. */
export async function runDriver(create: (bootstrap: string) => ClientDriver): Promise<void> {
  const bootstrap = process.argv[2]
  if (bootstrap === undefined) throw new Error('usage: node <driver> HOST:PORT')
  const driver = create(bootstrap)
  report({ ready: driver.codecs })
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as Command
    try {
      await obey(driver, command)
      report({ did: command.do })
    } catch (error) {
      report({ failed: `${command.do}: ${error instanceof Error ? error.stack : error}` })
    }
  }
  await driver.close()
  process.exit(0)
}

async function obey(driver: ClientDriver, command: Command): Promise<void> {
  switch (command.do) {
    case 'produce': {
      const values = valuesOf(command.prefix, command.count)
      return driver.produce(
        command,
        values.map((value, index) => ({ key: `key-${index}`, value })),
      )
    }
    case 'consume':
      return driver.consume(command, (partition, value) => report({ record: { partition, value } }))
    case 'leave':
      return driver.leave()
  }
}
