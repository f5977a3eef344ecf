/** Plays a script against one broker, or a cluster. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import type { Step, ToolStep } from './script.ts'
import type { RunningTool, ToolJvm, ToolResult } from './tool-jvm.ts'
import { tools } from './tools.ts'

/** What one command said. */
export interface StepResult extends ToolResult {
  readonly step: Step
  readonly sorted: boolean
  readonly tookMs: number
}

const untilTimeoutMs = 20_000

/** Plays the steps of one script. */
export class Player implements AsyncDisposable {
  /** Of which the first is the one that the tools are told of. */
  readonly #brokers: readonly BrokerProcess[]
  readonly #jvm: ToolJvm
  readonly #directory: string
  readonly #variables: Map<string, string>
  readonly #running = new Map<string, { readonly step: ToolStep; readonly tool: RunningTool }>()

  static async create(brokers: readonly BrokerProcess[], jvm: ToolJvm): Promise<Player> {
    return new Player(brokers, jvm, await mkdtemp(path.join(os.tmpdir(), 'odradek-tools-')))
  }

  private constructor(brokers: readonly BrokerProcess[], jvm: ToolJvm, directory: string) {
    this.#brokers = brokers
    this.#jvm = jvm
    this.#directory = directory
    this.#variables = new Map([
      ['bootstrap', this.#broker(1).bootstrap],
      ['dir', directory],
      ...brokers.map(({ directory: own }, index) => {
        return [index === 0 ? 'data' : `data${index + 1}`, path.join(own, 'data')] as const
      }),
      ['more', path.join(this.#broker(1).directory, 'more')],
    ])
  }

  /** The names under which the script knows what is different on each broker. */
  get variables(): ReadonlyMap<string, string> {
    return this.#variables
  }

  #broker(id: number): BrokerProcess {
    const broker = this.#brokers[id - 1]
    if (broker === undefined) throw new Error(`there is no broker ${id}`)
    return broker
  }

  /** Undefined for a step that says nothing (`write`, `start`, `broker`). */
  async play(step: Step): Promise<StepResult | undefined> {
    const startedAt = performance.now()
    const result = await this.#play(step)
    return result === undefined ? undefined : { ...result, tookMs: performance.now() - startedAt }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { tool } of this.#running.values()) tool.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #play(step: Step): Promise<Omit<StepResult, 'tookMs'> | undefined> {
    switch (step.kind) {
      case 'write':
        await writeFile(path.join(this.#directory, step.file), this.#expand(step.input))
        return undefined
      case 'broker':
        await this.#broker(step.brokerId)[step.action]()
        return undefined
      case 'start':
        this.#running.set(step.name, { step, tool: this.#run(step) })
        return undefined
      case 'stop': {
        const running = this.#running.get(step.name)
        if (running === undefined) throw new Error(`line ${step.line}: ${step.name} is not running`)
        this.#running.delete(step.name)
        running.tool.stop()
        return { ...(await running.tool.result), step, sorted: running.step.sorted }
      }
      default:
        return { ...(await this.#runToEnd(step)), step, sorted: step.sorted }
    }
  }

  async #runToEnd(step: ToolStep): Promise<ToolResult> {
    const startedAt = performance.now()
    for (;;) {
      const result = await this.#run(step).result
      if (step.kind === 'run') return result
      const match = new RegExp(step.pattern).exec(result.stdout)
      if (step.kind === 'capture') this.#variables.set(step.name, match?.[1] ?? `no-${step.name}`)
      if (step.kind === 'capture' || match !== null || performance.now() - startedAt > untilTimeoutMs) return result
      await sleep(200)
    }
  }

  #run(step: ToolStep): RunningTool {
    const tool = tools[step.tool]
    if (tool === undefined) throw new Error(`line ${step.line}: ${step.tool} is no tool of tools.ts`)
    const args = [...step.args]
    if (tool.bootstrap !== 'none' && !/--bootstrap|\$bootstrap/.test(step.text)) {
      args.splice(tool.bootstrap === 'first' ? 0 : args.length, 0, '--bootstrap-server', '$bootstrap')
    }
    return this.#jvm.run(
      tool,
      args.map(each => this.#expand(each)),
      { input: this.#expand(step.input) },
    )
  }

  #expand(text: string): string {
    return text.replace(/\$([a-z]\w*)/g, (whole, name: string) => this.#variables.get(name) ?? whole)
  }
}
