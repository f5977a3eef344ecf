/** Both brokers, each with a JVM for its tools, and the scripts. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import { startOdradek } from '../odradek.ts'
import { startRealKafka } from '../real-kafka.ts'
import { type Comparison, compareResults } from './compare.ts'
import { Player } from './play.ts'
import { parseScript, type Step } from './script.ts'
import { ToolJvm } from './tool-jvm.ts'

const settings: Readonly<Record<string, string>> = {
  // A group with no members at all rebalances at once; fewer partitions of the internal topic to read through.
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
}

/**
 * Kafka answers a change before its broker has taken it in, and so may tell the old state for a while: what only reads is
 * asked again before it counts as different.
 */
const attemptsMax = 10
const retryMs = 300

function onlyReads(step: Step): boolean {
  return step.kind === 'run' && /(--describe|--list|\bdescribe|^get-offsets)\b/.test(step.text)
}

const scriptsDirectory = path.join(import.meta.dirname, 'scripts')

/** In this order, on one pair of brokers: what comes later sees what was left behind. */
const scripts = ['topics', 'internal-topics', 'groups', 'rebalance', 'records', 'load', 'configs', 'cluster', 'not-yet']

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
    await using kafka = await Player.create(this.#kafka.broker, this.#kafka.jvm)
    await using odradek = await Player.create(this.#odradek.broker, this.#odradek.jvm)
    const comparisons: Comparison[] = []
    for (const step of steps) {
      for (let attempt = 1; ; attempt++) {
        const [left, right] = await Promise.all([kafka.play(step), odradek.play(step)])
        if (left === undefined || right === undefined) break
        const comparison = compareResults({
          kafka: { result: left, variables: kafka.variables },
          odradek: { result: right, variables: odradek.variables },
        })
        if (comparison.verdict === 'different' && onlyReads(step) && attempt < attemptsMax) {
          await sleep(retryMs)
          continue
        }
        comparisons.push(comparison)
        break
      }
    }
    return comparisons
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
