/** Start, memory, many partitions, many connections. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun } from '../../interop/command.ts'
import type { BenchmarkRun } from './benchmark-run.ts'
import { type ContestantName, createContestant } from './contestants.ts'
import type { Metric } from './measurements.ts'
import { residentMb } from './process-usage.ts'

const start: Metric = {
  name: 'start to the first answer',
  unit: 'ms',
  decimals: 0,
  bar: { absolute: 400, direction: 'at most' },
}
const embeddedStart: Metric = {
  name: 'embedded start',
  unit: 'ms',
  decimals: 1,
  bar: { absolute: 50, direction: 'at most' },
}
const embeddedImport: Metric = { name: 'embedded, loading the package', unit: 'ms', decimals: 1 }
const idleMemory: Metric = {
  name: 'idle memory',
  unit: 'MB',
  decimals: 0,
  bar: { absolute: 110, direction: 'at most' },
}
const partitionsStart: Metric = {
  name: 'start with 1,000 partitions',
  unit: 'ms',
  decimals: 0,
  bar: { absolute: 1_000, direction: 'at most' },
}
const connectionMemory: Metric = {
  name: 'memory for 2,000 connections',
  unit: 'MB',
  decimals: 0,
  bar: { absolute: 60, direction: 'at most' },
}

const connectionCount = 2_000
const partitionCount = 1_000

interface FootprintRun extends BenchmarkRun {
  readonly rounds: number
}

export async function measureFootprint(run: FootprintRun): Promise<void> {
  for (let round = 1; round <= run.rounds; round++) {
    for (const name of ['kafka', 'odradek'] as const) {
      await measureProcess(run, name)
      run.progress.say(`start and memory: ${name}, round ${round} of ${run.rounds}`)
    }
    await measureEmbedded(run)
  }
}

async function measureProcess({ generator, measurements }: FootprintRun, name: ContestantName): Promise<void> {
  await using broker = await createContestant(name)
  measurements.add(start, name, await broker.start())
  await sleep(2_000)
  const idle = residentMb(broker.pid)
  measurements.add(idleMemory, name, idle)
  measurements.add(connectionMemory, name, (await memoryWithConnections(broker.port, broker.pid)) - idle)
  await generator.run('create', broker.bootstrap, 'many', partitionCount, 1)
  await broker.shutdown()
  measurements.add(partitionsStart, name, await broker.start())
}

/** Resident memory while so many clients are connected, each of which has asked for the API versions once. */
async function memoryWithConnections(port: number, pid: number): Promise<number> {
  const sockets: Socket[] = []
  try {
    for (let count = 0; count < connectionCount; count += 100) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => openConnection(port)))))
    }
    await sleep(1_000)
    return residentMb(pid)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function openConnection(port: number): Promise<Socket> {
  // ApiVersions v0, correlation id 1, no client id.
  const request = Buffer.from('0000000a' + '0012' + '0000' + '00000001' + 'ffff', 'hex')
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.once('connect', () => socket.write(request))
    socket.once('data', () => resolve(socket))
  })
}

/** In a process of its own: a second start in one process finds everything loaded and compiled. */
async function measureEmbedded({ measurements }: FootprintRun): Promise<void> {
  const program = `
    const begun = performance.now()
    const { startBroker } = await import('odradek')
    const loaded = performance.now()
    await using kafka = await startBroker()
    console.log(loaded - begun, performance.now() - loaded)`
  const line = await mustRun(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname })
  const [importMs, startMs] = line.trim().split(' ').map(Number)
  measurements.add(embeddedImport, 'odradek', importMs ?? Number.NaN)
  measurements.add(embeddedStart, 'odradek', startMs ?? Number.NaN)
}
