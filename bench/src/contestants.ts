/** The brokers that are compared, each as a process on fresh data. */

import path from 'node:path'
import { BrokerProcess, brokerDirectory } from '../../interop/broker-process.ts'
import { createOdradek } from '../../interop/odradek.ts'
import { freePort } from '../../interop/ports.ts'
import { createRealKafka } from '../../interop/real-kafka.ts'

export type ContestantName = 'kafka' | 'bare loop' | 'odradek'

/** New topics that nobody created have four partitions, as those of the bare loop. */
const settings: Readonly<Record<string, string>> = { 'num.partitions': '4' }

/** As a Kafka of this size is run: a fixed heap and G1. */
const jvmOptions: readonly string[] = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']

/** A broker that is not yet started. */
export function createContestant(name: ContestantName): Promise<BrokerProcess> {
  switch (name) {
    case 'kafka':
      return createRealKafka({ settings, jvmOptions })
    case 'odradek':
      return createOdradek({ settings })
    case 'bare loop':
      return createBareLoop()
  }
}

async function createBareLoop(): Promise<BrokerProcess> {
  const port = await freePort()
  const directory = await brokerDirectory('bare-loop')
  const args = [path.join(import.meta.dirname, 'bare-loop.ts'), String(port), directory]
  return new BrokerProcess({
    name: 'bare loop',
    port,
    directory,
    stopSignal: 'SIGKILL',
    launch: { program: process.execPath, args },
  })
}
