/**
 * The real Apache Kafka, one node or several, fresh data, on free ports: the oracle of every comparison.
 */
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { BrokerProcess, brokerDirectory } from './broker-process.ts'
import { cached } from './cache.ts'
import { mustRun } from './command.ts'
import { kafkaClasspath, kafkaVersion, needJava, toolJvmOptions } from './kafka-jars.ts'
import { freePort } from './ports.ts'

export interface RealKafkaOptions {
  readonly port?: number
  /** Broker settings by Kafka's names, over those of {@link defaults}. */
  readonly settings?: Readonly<Record<string, string>>
  readonly jvmOptions?: readonly string[]
  /** What its log directories are called, in the directory of the process. The metadata lies in the first. */
  readonly logDirectories?: readonly string[]
}

const clusterId = '7XlWfQ0fS8uDKdQpY6b3bw'

/** What every node needs, and what makes it comparable with a fresh Odradek. */
const nodeDefaults: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'group.initial.rebalance.delay.ms': '0',
}

/** What a one-node cluster needs besides. */
const soleNodeDefaults: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
}

/** Starts a Kafka and waits until it serves. */
export async function startRealKafka(options?: RealKafkaOptions): Promise<BrokerProcess> {
  const kafka = await createRealKafka(options)
  await kafka.start()
  return kafka
}

/** A Kafka with formatted storage that is not yet running. */
export async function createRealKafka({
  port,
  settings = {},
  jvmOptions = defaultJvmOptions,
  logDirectories = ['data'],
}: RealKafkaOptions = {}): Promise<BrokerProcess> {
  const controllerPort = await freePort()
  return createNode({
    nodeId: 1,
    port: port ?? (await freePort()),
    controllerPort,
    voters: `1@127.0.0.1:${controllerPort}`,
    settings: { ...soleNodeDefaults, ...settings },
    jvmOptions,
    logDirectories,
  })
}

/** As many nodes, each of them broker and controller. They elect a controller among them, so start them all at once. */
export async function createRealKafkaCluster(
  nodes: number,
  { settings = {}, jvmOptions = defaultJvmOptions, logDirectories = ['data'] }: Omit<RealKafkaOptions, 'port'> = {},
): Promise<BrokerProcess[]> {
  const ports: { nodeId: number; port: number; controllerPort: number }[] = []
  for (let nodeId = 1; nodeId <= nodes; nodeId++) {
    ports.push({ nodeId, port: await freePort(), controllerPort: await freePort() })
  }
  const voters = ports.map(({ nodeId, controllerPort }) => `${nodeId}@127.0.0.1:${controllerPort}`).join(',')
  const created: BrokerProcess[] = []
  for (const each of ports) created.push(await createNode({ ...each, voters, settings, jvmOptions, logDirectories }))
  return created
}

const defaultJvmOptions: readonly string[] = ['-Xms512m', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']

async function createNode(node: {
  readonly nodeId: number
  readonly port: number
  readonly controllerPort: number
  readonly voters: string
  readonly settings: Readonly<Record<string, string>>
  readonly jvmOptions: readonly string[]
  readonly logDirectories: readonly string[]
}): Promise<BrokerProcess> {
  const { nodeId, port, controllerPort } = node
  const java = await needJava()
  const directory = await brokerDirectory('kafka')
  const data = node.logDirectories.map(name => path.join(directory, name))
  const formatted = await formattedStorage(nodeId)
  for (const each of data) {
    await cp(formatted, each, { recursive: true })
    await giveOwnId(path.join(each, 'meta.properties'))
  }
  const file = path.join(directory, 'server.properties')
  await writeFile(
    file,
    properties({
      ...nodeDefaults,
      'node.id': String(nodeId),
      'controller.quorum.voters': node.voters,
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
      'log.dirs': data.join(),
      ...node.settings,
    }),
  )
  const args = [...node.jvmOptions, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', await kafkaClasspath()]
  return new BrokerProcess({
    name: 'kafka',
    port,
    directory,
    stopSignal: 'SIGKILL',
    launch: { program: java, args: [...args, 'kafka.Kafka', file] },
  })
}

/** Directories are told apart by it. */
async function giveOwnId(file: string): Promise<void> {
  const id = `D${randomBytes(16).toString('base64url').slice(1)}`
  await writeFile(file, (await readFile(file, 'utf8')).replace(/(?<=^directory\.id=).*$/m, id))
}

function properties(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** A data directory as Kafka's storage tool formats it: made once, copied for each start, which saves a JVM each time. */
function formattedStorage(nodeId: number): Promise<string> {
  return cached(`kafka-${kafkaVersion}-formatted-${nodeId}`, async directory => {
    const file = path.join(directory, 'format.properties')
    // The tool wants to create the log directory under its final name; what it writes does not depend on that name.
    const data = path.join(directory, 'data')
    await mkdir(data)
    const settings = {
      ...nodeDefaults,
      'node.id': String(nodeId),
      'controller.quorum.voters': `${nodeId}@127.0.0.1:1`,
      listeners: 'PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1',
      'log.dirs': data,
    }
    await writeFile(file, properties(settings))
    const args = [...toolJvmOptions, '-cp', await kafkaClasspath(), 'kafka.tools.StorageTool']
    await mustRun(await needJava(), [...args, 'format', '-t', clusterId, '-c', file])
  }).then(directory => path.join(directory, 'data'))
}
