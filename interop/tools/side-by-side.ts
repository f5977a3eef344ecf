/** Kafka and Odradek, each with a JVM for its tools, and the scripts that are played on both. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import { type Comparison, compareResults } from './compare.ts'
import type { AllowedDifference } from './expected-differences.ts'
import { Player } from './play.ts'
import { parseScript, type Step } from './script.ts'
import { ToolJvm } from './tool-jvm.ts'

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

/** What is compared: a pair of brokers, or of clusters. */
export interface Setup {
  /** In this order, on one pair: what comes later sees what was left behind. */
  readonly scripts: readonly string[]
  /** The list is complete: all else has to be equal. */
  readonly allowed: readonly AllowedDifference[]
  readonly startKafka: () => Promise<Side>
  readonly startOdradek: () => Promise<Side>
}

export interface Side {
  /** By their ids, from 1 on. */
  readonly brokers: readonly BrokerProcess[]
  stop(): Promise<void>
}

/** The names of the scripts to play: all, or those of `ODRADEK_TOOLS_SCRIPT` (parted by commas). */
export function scriptNames({ scripts }: Setup): readonly string[] {
  const wanted = process.env.ODRADEK_TOOLS_SCRIPT?.split(',')
  return wanted === undefined ? scripts : scripts.filter(name => wanted.includes(name))
}

export class SideBySide {
  readonly #setup: Setup
  readonly #kafka: Side
  readonly #odradek: Side
  readonly #jvms: { readonly kafka: ToolJvm; readonly odradek: ToolJvm }

  static async start(setup: Setup): Promise<SideBySide> {
    const [kafka, odradek] = await Promise.all([setup.startKafka(), setup.startOdradek()])
    const [kafkaJvm, odradekJvm] = await Promise.all([ToolJvm.start(), ToolJvm.start()])
    return new SideBySide(setup, { kafka, odradek }, { kafka: kafkaJvm, odradek: odradekJvm })
  }

  private constructor(
    setup: Setup,
    { kafka, odradek }: { readonly kafka: Side; readonly odradek: Side },
    jvms: { readonly kafka: ToolJvm; readonly odradek: ToolJvm },
  ) {
    this.#setup = setup
    this.#kafka = kafka
    this.#odradek = odradek
    this.#jvms = jvms
  }

  async play(name: string): Promise<Comparison[]> {
    const steps = parseScript(await readFile(path.join(scriptsDirectory, `${name}.txt`), 'utf8'))
    await using kafka = await Player.create(this.#kafka.brokers, this.#jvms.kafka)
    await using odradek = await Player.create(this.#odradek.brokers, this.#jvms.odradek)
    const comparisons: Comparison[] = []
    for (const step of steps) {
      for (let attempt = 1; ; attempt++) {
        const [left, right] = await Promise.all([kafka.play(step), odradek.play(step)])
        if (left === undefined || right === undefined) break
        const comparison = compareResults({
          kafka: { result: left, variables: kafka.variables },
          odradek: { result: right, variables: odradek.variables },
          allowed: this.#setup.allowed,
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
    for (const jvm of [this.#jvms.kafka, this.#jvms.odradek]) jvm.close()
    await Promise.all([this.#kafka.stop(), this.#odradek.stop()])
  }
}
