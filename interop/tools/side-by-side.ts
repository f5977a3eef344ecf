/** Both brokers, each with a JVM for its tools, and the scripts. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { BrokerProcess } from '../broker-process.ts'
import { startOdradek } from '../odradek.ts'
import { startRealKafka } from '../real-kafka.ts'
import { type Comparison, comparePlayed } from './compare.ts'
import { playScript } from './play.ts'
import { parseScript } from './script.ts'
import { ToolJvm } from './tool-jvm.ts'

const settings: Readonly<Record<string, string>> = {
  // A group with no members at all rebalances at once; fewer partitions of the internal topic to read through.
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
}

const scriptsDirectory = path.join(import.meta.dirname, 'scripts')

/** In this order, on one pair of brokers: what comes later sees what was left behind. */
const scripts = ['topics', 'groups', 'internal-topics', 'records', 'load', 'configs', 'cluster', 'not-yet']

/** The names of the scripts to play: all, or those of `ODRADEK_TOOLS_SCRIPT` (parted by commas). */
export function scriptNames(): readonly string[] {
  const wanted = process.env.ODRADEK_TOOLS_SCRIPT?.split(',') ?? scripts
  const unknown = wanted.filter(name => !scripts.includes(name))
  if (unknown.length > 0) throw new Error(`there is no script ${unknown.join(', ')}; there are ${scripts.join(', ')}`)
  return wanted
}

export class SideBySide {
  readonly #kafka: Side
  readonly #odradek: Side

  static async start(): Promise<SideBySide> {
    const [kafka, odradek] = await Promise.all([startRealKafka({ settings }), startOdradek({ settings })])
    const [kafkaJvm, odradekJvm] = await Promise.all([ToolJvm.start(), ToolJvm.start()])
    return new SideBySide({ broker: kafka, jvm: kafkaJvm }, { broker: odradek, jvm: odradekJvm })
  }

  private constructor(kafka: Side, odradek: Side) {
    this.#kafka = kafka
    this.#odradek = odradek
  }

  async play(name: string): Promise<Comparison[]> {
    const steps = parseScript(await readFile(path.join(scriptsDirectory, `${name}.txt`), 'utf8'))
    const [kafka, odradek] = await Promise.all(
      [this.#kafka, this.#odradek].map(side => playScript(steps, side.broker, side.jvm)),
    )
    if (kafka === undefined || odradek === undefined) throw new Error('two sides play')
    return comparePlayed(kafka, odradek)
  }

  async stop(): Promise<void> {
    for (const { jvm } of [this.#kafka, this.#odradek]) jvm.close()
    await Promise.all([this.#kafka, this.#odradek].map(({ broker }) => broker.stop()))
  }
}

interface Side {
  readonly broker: BrokerProcess
  readonly jvm: ToolJvm
}
