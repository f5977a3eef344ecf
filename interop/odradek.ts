/** Our broker as a user starts it: the `odradek` command in a process of its own. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { BrokerProcess, brokerDirectory } from './broker-process.ts'
import { loopback, type NetworkHost } from './network-host.ts'
import { freePort } from './ports.ts'

export interface OdradekOptions {
  readonly host?: NetworkHost
  readonly port?: number
  /** Broker settings by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
  /** Options of `odradek start`, as in ['--rack', 'a']. */
  readonly options?: readonly string[]
  /** What its log directories are called, in the directory of the process. */
  readonly logDirectories?: readonly string[]
  readonly stopSignal?: 'SIGTERM' | 'SIGKILL'
  /** Options of the runtime, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
}

const command = path.resolve(import.meta.dirname, '../packages/cli/bin/odradek.js')

/** Starts an Odradek on fresh data and waits until it serves. */
export async function startOdradek(options?: OdradekOptions): Promise<BrokerProcess> {
  const odradek = await createOdradek(options)
  await odradek.start()
  return odradek
}

/** An Odradek that is not yet running. */
export async function createOdradek({
  host = loopback,
  port,
  settings = {},
  options = [],
  logDirectories = ['data'],
  stopSignal = 'SIGTERM',
  nodeOptions = [],
}: OdradekOptions = {}): Promise<BrokerProcess> {
  const ownPort = port ?? (await freePort())
  const directory = await brokerDirectory('odradek')
  const data = logDirectories.map(name => path.join(directory, name))
  for (const each of data) await mkdir(each)
  const where = data.length > 1 ? ['--set', `log.dirs=${data.join()}`] : ['--data', ...data]
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const args = ['start', '--listen', `${host.address}:${ownPort}`, ...where, ...options, ...set]
  return new BrokerProcess({
    name: 'odradek',
    host: host.address,
    port: ownPort,
    directory,
    stopSignal,
    launch: host.launch({ program: process.execPath, args: [...nodeOptions, command, ...args] }),
  })
}
