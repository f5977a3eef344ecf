/** Plays a script against one broker. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import type { Step, ToolStep } from './script.ts'
import type { RunningTool, ToolJvm, ToolResult } from './tool-jvm.ts'
import { tools } from './tools.ts'

/** What one command said; the steps that say nothing (`write`, `start`) have none. */
export interface StepResult extends ToolResult {
  readonly step: Step
  readonly sorted: boolean
  readonly tookMs: number
}

export interface Played {
  readonly results: readonly StepResult[]
  /** The names under which the script knew what is different on each broker. */
  readonly variables: ReadonlyMap<string, string>
}

const untilTimeoutMs = 20_000

export async function playScript(steps: readonly Step[], broker: BrokerProcess, jvm: ToolJvm): Promise<Played> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'odradek-tools-'))
  const variables = new Map([
    ['bootstrap', broker.bootstrap],
    ['dir', directory],
    ['data', path.join(broker.directory, 'data')],
  ])
  const player = new Player(jvm, variables)
  try {
    const results: StepResult[] = []
    for (const step of steps) {
      const startedAt = performance.now()
      const result = await player.play(step)
      if (result !== undefined) results.push({ ...result, tookMs: performance.now() - startedAt })
    }
    return { results, variables }
  } finally {
    player.stopAll()
    await rm(directory, { recursive: true, force: true })
  }
}

class Player {
  readonly #jvm: ToolJvm
  readonly #variables: Map<string, string>
  readonly #running = new Map<string, { readonly step: ToolStep; readonly tool: RunningTool }>()

  constructor(jvm: ToolJvm, variables: Map<string, string>) {
    this.#jvm = jvm
    this.#variables = variables
  }

  async play(step: Step): Promise<Omit<StepResult, 'tookMs'> | undefined> {
    switch (step.kind) {
      case 'write':
        await writeFile(path.join(this.#variables.get('dir') ?? '', step.file), this.#expand(step.input))
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

  stopAll(): void {
    for (const { tool } of this.#running.values()) tool.stop()
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
