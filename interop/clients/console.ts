/** Kafka's console producer and consumer: a process a produced batch, a process a membership. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { kafkaClasspath, needJava, runKafkaClass, toolJvmOptions } from '../kafka-jars.ts'
import { type ClientDriver, runDriver } from './driver.ts'

const java = await needJava()
const classpath = await kafkaClasspath()

function create(bootstrap: string): ClientDriver {
  let member: ChildProcessWithoutNullStreams | undefined

  async function leave(): Promise<void> {
    if (member === undefined) return
    const closed = once(member, 'close')
    member.kill('SIGINT')
    await closed
    member = undefined
  }

  return {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    async produce({ topic, codec }, records) {
      const input = records.map(({ key, value }) => `${key}:${value}\n`).join('')
      const options = [
        '--compression-codec',
        codec,
        '--reader-property',
        'parse.key=true',
        '--reader-property',
        'key.separator=:',
      ]
      const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--command-property', 'acks=all', ...options]
      const { status, stderr } = await runKafkaClass('org.apache.kafka.tools.ConsoleProducer', args, { input })
      // The tool prints an error and goes on; it ends with 0 all the same.
      if (status !== 0 || stderr.includes('ERROR'))
        throw new Error(`the console producer failed (${status})\n${stderr}`)
    },
    async consume({ topic, group }, onRecord) {
      const properties = [
        `group.id=${group}`,
        'auto.offset.reset=earliest',
        'auto.commit.interval.ms=200',
        'heartbeat.interval.ms=300',
        'session.timeout.ms=6000',
      ].flatMap(property => ['--command-property', property])
      const args = ['--bootstrap-server', bootstrap, '--topic', topic, ...properties]
      const format = ['--formatter-property', 'print.partition=true', '--formatter-property', 'print.value=true']
      const className = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
      member = spawn(java, [...toolJvmOptions, '-cp', classpath, className, ...args, ...format])
      createInterface({ input: member.stdout }).on('line', line => {
        const found = /^Partition:(\d+)\t(.*)$/.exec(line)
        if (found !== null) onRecord(Number(found[1]), found[2] ?? '')
      })
      member.stderr.pipe(process.stderr)
    },
    leave,
    close: leave,
  }
}

await runDriver(create)
