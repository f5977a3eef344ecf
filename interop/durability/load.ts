/** The load under which brokers are ended: writers and members of a group on a few topics, and what all of them saw. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { mustRun, needProgram } from '../command.ts'
import {
  buildDurabilityClient,
  buildJavaWriter,
  ClientProgram,
  type Command,
  kafkajsWriter,
} from './client-programs.ts'

export interface Writer {
  readonly program: 'librdkafka' | 'kafkajs' | 'java'
  /** Also the first half of its keys: no colon. */
  readonly name: string
  readonly topics: readonly string[]
  readonly messagesPerSecond: number
  readonly valueBytes: number
}

export interface LoadPlan {
  readonly partitions: number
  /** Settings by Kafka's names. */
  readonly topics: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly writers: readonly Writer[]
  readonly members: number
  readonly commitEveryMs: number
}

/** Files of lines as durability-client.c writes them, by who wrote them. */
export interface LinesFiles {
  readonly writers: readonly string[]
  readonly members: readonly string[]
  /** What was answered when the test asked for committed offsets. */
  readonly observations: string
}

/** Each topic has its own way of getting to the disk; a writer of its own, and one that writes to all of them. */
export const mixedLoad: LoadPlan = {
  partitions: 4,
  topics: {
    plain: {},
    flushed: { 'flush.messages': '1' },
    rolling: { 'segment.bytes': '1048576' },
  },
  writers: [
    { program: 'librdkafka', name: 'plain', topics: ['plain'], messagesPerSecond: 6_000, valueBytes: 100 },
    { program: 'librdkafka', name: 'flushed', topics: ['flushed'], messagesPerSecond: 2_000, valueBytes: 100 },
    { program: 'librdkafka', name: 'rolling', topics: ['rolling'], messagesPerSecond: 4_000, valueBytes: 1_000 },
    {
      program: 'kafkajs',
      name: 'kafkajs',
      topics: ['plain', 'flushed', 'rolling'],
      messagesPerSecond: 2_400,
      valueBytes: 100,
    },
  ],
  members: 2,
  commitEveryMs: 60,
}

const group = 'followers'
const catchUpTimeoutMs = 30_000
/** Longer than the program's own patience, which ends with what it waited for. */
const observationTimeoutMs = 90_000

/** One broker, or several. */
export interface LoadTarget {
  /** HOST:PORT[,HOST:PORT...] */
  readonly bootstrap: string
  /** For what the clients write. */
  readonly directory: string
}

export class Load {
  readonly #broker: LoadTarget
  readonly #plan: LoadPlan
  readonly #program: string
  readonly #writers: readonly ClientProgram[]
  readonly #members: readonly ClientProgram[]
  readonly #observations: Promise<string>[] = []

  private constructor(
    broker: LoadTarget,
    plan: LoadPlan,
    { program, writers }: { readonly program: string; readonly writers: ReadonlyMap<Writer, Command> },
  ) {
    this.#broker = broker
    this.#plan = plan
    this.#program = program
    const start = (name: string, command: Command, args: readonly string[]) =>
      new ClientProgram(name, command.program, [...command.args, ...args], broker.directory)
    this.#writers = Array.from(writers, ([{ name, topics, messagesPerSecond, valueBytes }, command]) => {
      const numbers = [messagesPerSecond, valueBytes, plan.partitions].map(String)
      const args = [broker.bootstrap, name, ...numbers, ...topics]
      return start(`writer-${name}`, command, args)
    })
    this.#members = Array.from({ length: plan.members }, (_, index) => {
      const args = ['follow', broker.bootstrap, group, String(plan.commitEveryMs), ...Object.keys(plan.topics)]
      return start(`member-${index}`, { program, args: [] }, args)
    })
  }

  /** Makes the topics and starts all clients. The broker serves already. */
  static async start(broker: LoadTarget, plan: LoadPlan): Promise<Load> {
    await needProgram('kcat', 'kcat')
    const program = await buildDurabilityClient()
    const writers = new Map<Writer, Command>()
    for (const writer of plan.writers) writers.set(writer, await writerCommand(writer.program, program))
    const admin = new kafkajs.Kafka({
      brokers: broker.bootstrap.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin()
    await admin.connect()
    await admin.createTopics({
      waitForLeaders: true,
      topics: Object.entries(plan.topics).map(([topic, settings]) => ({
        topic,
        numPartitions: plan.partitions,
        configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
      })),
    })
    await admin.disconnect()
    return new Load(broker, plan, { program, writers })
  }

  /** Throws when a client has given up. */
  check(): void {
    for (const client of [...this.#writers, ...this.#members]) client.check()
  }

  /** Asks for committed offsets and log ends; the broker may be killed meanwhile. */
  observe(): void {
    const observation = this.#askOffsets()
    // Awaited at the end; until then nobody looks at its failure.
    observation.catch(() => {})
    this.#observations.push(observation)
  }

  #askOffsets(): Promise<string> {
    const { partitions, topics } = this.#plan
    const args = ['offsets', this.#broker.bootstrap, group, String(partitions), ...Object.keys(topics)]
    return mustRun(this.#program, args, { timeoutMs: observationTimeoutMs })
  }

  /** Lets the writers have all acknowledged and the members see it all, then ends them. */
  async end(): Promise<LinesFiles> {
    await Promise.all(this.#writers.map(client => client.end()))
    const giveUpAt = performance.now() + catchUpTimeoutMs
    for (;;) {
      const answer = await this.#askOffsets()
      this.#observations.push(Promise.resolve(answer))
      if (isCaughtUp(answer)) break
      if (performance.now() > giveUpAt) throw new Error(`the group does not come to the end of the logs:\n${answer}`)
      this.check()
      await sleep(100)
    }
    await Promise.all(this.#members.map(client => client.end()))
    const observations = path.join(this.#broker.directory, 'observations.lines')
    await writeFile(observations, (await Promise.all(this.#observations)).join(''))
    return {
      writers: this.#writers.map(({ linesFile }) => linesFile),
      members: this.#members.map(({ linesFile }) => linesFile),
      observations,
    }
  }

  /** All that the topics hold, by another program: a line TOPIC PARTITION OFFSET KEY for each record. */
  async readBack(): Promise<string[]> {
    const read: string[] = []
    for (const topic of Object.keys(this.#plan.topics)) {
      const args = ['-C', '-b', this.#broker.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q']
      read.push(await mustRun('kcat', [...args, '-X', 'check.crcs=true', '-f', '%t %p %o %k\n']))
    }
    return read
  }

  /** For a test that fails. */
  kill(): void {
    for (const client of [...this.#writers, ...this.#members]) client.kill()
  }
}

async function writerCommand(kind: Writer['program'], durabilityClient: string): Promise<Command> {
  if (kind === 'java') return buildJavaWriter()
  return kind === 'kafkajs' ? kafkajsWriter : { program: durabilityClient, args: ['write'] }
}

/** Whether each committed offset is its log's end. */
function isCaughtUp(answer: string): boolean {
  const committed = new Map<string, string>()
  for (const line of answer.trimEnd().split('\n')) {
    const words = line.split(' ')
    if (words[0] === 'resumed') committed.set(`${words[3]} ${words[4]}`, words[5] ?? '')
    else if (committed.get(`${words[1]} ${words[2]}`) !== words[3]) return false
  }
  return committed.size > 0
}
