/** For tests: a broker in this process and the command line pointed at it. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { type RunningCluster, type StartClusterOptions, startBroker, startCluster } from 'odradek'
import { type RunningCommand, type RunOptions, type RunResult, runOdradek, startOdradek } from './run-odradek.ts'

/** What `topic describe` says as JSON. */
export interface DescribedTopic {
  readonly partitions: readonly {
    readonly leader: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
  /** Its own settings. */
  readonly configs: Readonly<Record<string, string>>
}

export interface TestCluster {
  /** Runs a command to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>
  start(args: readonly string[], options?: RunOptions): Promise<RunningCommand>
  /** What a command that must succeed has printed. */
  text(args: readonly string[], options?: RunOptions): Promise<string>
  json(args: readonly string[], options?: RunOptions): Promise<unknown>
  describe(topic: string): Promise<DescribedTopic>
  /** The one line that a command that must fail has said, without its 'odradek: '. */
  refusal(exitCode: number, args: readonly string[], options?: RunOptions): Promise<string>
}

/** One broker for all tests of a file. */
export function testCluster(config: Readonly<Record<string, string>> = {}): TestCluster {
  return pointedAt(startBroker({ config }))
}

/** Several brokers for all tests of a file. */
export function testClusterOf(
  options: StartClusterOptions,
): TestCluster & { readonly running: Promise<RunningCluster> } {
  const running = startCluster(options)
  return { ...pointedAt(running), running }
}

function pointedAt(starting: Promise<{ readonly bootstrapServers: string; stop(): Promise<void> }>): TestCluster {
  after(async () => (await starting).stop())

  const pointed = async (options: RunOptions = {}): Promise<RunOptions> => ({
    ...options,
    env: { ODRADEK_BOOTSTRAP: (await starting).bootstrapServers, ...options.env },
  })
  const cluster: TestCluster = {
    run: async (args, options) => runOdradek(args, await pointed(options)),
    start: async (args, options) => startOdradek(args, await pointed(options)),
    async text(args, options) {
      const { status, stdout, stderr } = await cluster.run(args, options)
      assert.equal(status, 0, `${args.join(' ')}: ${stderr}`)
      return stdout.toString()
    },
    async json(args, options) {
      return JSON.parse(await cluster.text([...args, '--format', 'json'], options))
    },
    describe: topic => cluster.json(['topic', 'describe', topic]) as Promise<DescribedTopic>,
    async refusal(exitCode, args, options) {
      const { status, stdout, stderr } = await cluster.run(args, options)
      assert.equal(status, exitCode, `${args.join(' ')}: ${stderr}`)
      assert.equal(stdout.toString(), '')
      assert.match(stderr, /^odradek: [^\n]*\n$/)
      return stderr.slice('odradek: '.length, -1)
    },
  }
  return cluster
}
