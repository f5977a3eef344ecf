/** kcat (librdkafka): a process a produced batch, a process a membership. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { mustRun } from '../command.ts'
import { type ClientDriver, runDriver } from './driver.ts'

/** One membership: kcat gives up when all of its brokers are down, so it is started again, as an operator's unit would. */
class Member {
  readonly #args: readonly string[]
  readonly #onRecord: (partition: number, value: string) => void
  #child: ChildProcessWithoutNullStreams
  #leaving = false

  constructor(args: readonly string[], onRecord: (partition: number, value: string) => void) {
    this.#args = args
    this.#onRecord = onRecord
    this.#child = this.#start()
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn('kcat', this.#args)
    createInterface({ input: child.stdout }).on('line', line => {
      const space = line.indexOf(' ')
      this.#onRecord(Number(line.slice(0, space)), line.slice(space + 1))
    })
    child.stderr.pipe(process.stderr, { end: false })
    child.once('close', () => {
      if (!this.#leaving) setTimeout(() => this.#restart(), 200)
    })
    return child
  }

  #restart(): void {
    if (!this.#leaving) this.#child = this.#start()
  }

  /** The first interrupt makes kcat commit and leave its group. */
  async leave(): Promise<void> {
    this.#leaving = true
    if (this.#child.exitCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGINT')
    await closed
  }
}

function create(bootstrap: string): ClientDriver {
  let member: Member | undefined

  async function leave(): Promise<void> {
    await member?.leave()
    member = undefined
  }

  return {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    async produce({ topic, codec }, records) {
      const input = records.map(({ key, value }) => `${key}:${value}\n`).join('')
      const options = ['-X', `compression.codec=${codec}`, '-X', 'acks=all', '-X', 'linger.ms=20']
      await mustRun('kcat', ['-P', '-b', bootstrap, '-t', topic, '-K', ':', ...options], { input })
    },
    async consume({ topic, group }, onRecord) {
      const settings = [
        'auto.offset.reset=earliest',
        'auto.commit.interval.ms=200',
        'heartbeat.interval.ms=300',
        'session.timeout.ms=6000',
        'reconnect.backoff.max.ms=500',
      ]
      const options = settings.flatMap(setting => ['-X', setting])
      member = new Member(['-b', bootstrap, '-G', group, '-u', '-q', '-f', '%p %s\n', ...options, topic], onRecord)
    },
    leave,
    close: leave,
  }
}

await runDriver(create)
