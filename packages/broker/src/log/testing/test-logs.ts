/** For tests: a log manager on a memory disk and a clock set by hand, which can be stopped, killed and started again. */
import { type Clock, createMemoryDisk, type Disk, type Random, type Timer } from '@odradek/platform'
import { type Logger, silentLogger } from '../../logger.ts'
import { checkDataDirectories, openDataDirectories } from '../data-directories.ts'
import { DataDirectory } from '../data-directory.ts'
import { defaultLogConfig, type LogConfig } from '../log-config.ts'
import { LogManager } from '../log-manager.ts'
import type { LogManagerConfig } from '../log-manager-config.ts'
import type { PartitionLog } from '../partition-log.ts'

export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000
  #timers: { atMs: number; callback: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    const cancel = () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
    return { cancel }
  }

  soon(callback: () => void): void {
    setImmediate(callback)
  }

  advance(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      const due = this.#timers.filter(timer => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.callback()
    }
    this.#nowMs = end
  }
}

export interface TestLogsOptions {
  readonly disk?: Disk
  readonly path?: string
  /** More directories for logs, behind `path`. */
  readonly morePaths?: readonly string[]
  readonly logger?: Logger
  readonly config?: Partial<LogConfig>
  readonly managerConfig?: Partial<LogManagerConfig>
}

export const testTopicId = 'T3BpY0lkT2ZUaGVUZXN0cw'

export class TestLogs {
  readonly clock = new ManualClock()
  readonly disk: Disk
  readonly path: string
  paths: readonly string[]
  config: LogConfig
  manager!: LogManager
  #directories: readonly DataDirectory[] = []
  readonly #options: TestLogsOptions

  constructor(options: TestLogsOptions) {
    this.#options = options
    this.disk = options.disk ?? createMemoryDisk({ clock: this.clock })
    this.path = options.path ?? '/data'
    this.paths = [this.path, ...(options.morePaths ?? [])]
    this.config = { ...defaultLogConfig, ...options.config }
  }

  async start(): Promise<void> {
    const { disk, clock, path, paths } = this
    const logger = this.#options.logger ?? silentLogger
    const random = seededRandom(1)
    checkDataDirectories(disk, path, paths)
    const home = DataDirectory.open({ disk, random, logger, path, nodeId: 1 })
    const opened = openDataDirectories(paths, { disk, random, logger, home, isShared: false })
    this.#directories = opened.dataDirectories
    this.manager = await LogManager.open({
      disk,
      clock,
      random,
      logger,
      ...opened,
      config: this.#options.managerConfig ?? {},
      configOf: () => this.config,
    })
  }

  create(topic: string, partition = 0): PartitionLog {
    return this.manager.create({ topic, partition, topicId: testTopicId, config: this.config })
  }

  get(topic: string, partition = 0): PartitionLog {
    const log = this.manager.get(topic, partition)
    if (log === undefined) throw new Error(`no log of ${topic}-${partition}`)
    return log
  }

  async stop(): Promise<void> {
    await this.manager.close()
    this.#release()
  }

  #release(): void {
    for (const directory of this.#directories) directory.release()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** As kill -9: what is in the files is there, nothing more is written. */
  async crash(): Promise<void> {
    this.#release()
    await this.start()
  }
}

export async function startTestLogs(options: TestLogsOptions = {}): Promise<TestLogs> {
  const logs = new TestLogs(options)
  await logs.start()
  return logs
}

function seededRandom(seed: number): Random {
  let state = seed
  const integer = (bound: number) => {
    state = (state * 48271) % 0x7fffffff
    return state % bound
  }
  return { integer, bytes: length => Buffer.from(Array.from({ length }, () => integer(256))) }
}
