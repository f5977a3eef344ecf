/** Members of an etcd cluster as child processes, on free loopback ports, with their data in a directory that goes with them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun, needProgram } from '../command.ts'
import { loopback, type NetworkHost } from '../network-host.ts'
import { freePort } from '../ports.ts'

const startTimeoutMs = 20_000

/** Ends the members of a test run that is itself ended before it could stop them. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

export interface EtcdTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export class EtcdMember {
  readonly name: string
  readonly clientPort: number
  readonly peerPort: number
  readonly #host: NetworkHost
  readonly #directory: string
  readonly #tls: EtcdTls | null
  #child: ChildProcess | null = null
  #cluster = ''

  constructor(options: {
    name: string
    host: NetworkHost
    clientPort: number
    peerPort: number
    directory: string
    tls: EtcdTls | null
  }) {
    this.name = options.name
    this.#host = options.host
    this.clientPort = options.clientPort
    this.peerPort = options.peerPort
    this.#directory = options.directory
    this.#tls = options.tls
  }

  get endpoint(): string {
    return `${this.#host.address}:${this.clientPort}`
  }

  get peerUrl(): string {
    return `http://${this.#host.address}:${this.peerPort}`
  }

  start(cluster = this.#cluster): void {
    this.#cluster = cluster
    const scheme = this.#tls === null ? 'http' : 'https'
    const clientUrl = `${scheme}://${this.endpoint}`
    const args = ['--name', this.name, '--data-dir', path.join(this.#directory, this.name), '--log-level', 'warn']
    args.push('--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl)
    args.push('--listen-peer-urls', this.peerUrl, '--initial-advertise-peer-urls', this.peerUrl)
    args.push('--initial-cluster', cluster, '--initial-cluster-state', 'new')
    // Elections within a second keep the tests short; the shortest lease follows from it.
    args.push('--heartbeat-interval', '50', '--election-timeout', '500')
    if (this.#tls !== null) {
      args.push('--cert-file', this.#tls.cert, '--key-file', this.#tls.key)
      args.push('--trusted-ca-file', this.#tls.ca, '--client-cert-auth')
    }
    const output = openSync(this.#outputFile, 'a')
    const launch = this.#host.launch({ program: 'etcd', args })
    const child = spawn(launch.program, launch.args, { stdio: ['ignore', output, output] })
    closeSync(output)
    running.add(child)
    child.once('exit', () => running.delete(child))
    this.#child = child
  }

  /** Why it does not run, if it should. */
  get obituary(): string | null {
    if (this.#child === null || this.#child.exitCode === null) return null
    return `${this.name} ended with ${this.#child.exitCode}\n${readFileSync(this.#outputFile, 'utf8').slice(-2000)}`
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  get #outputFile(): string {
    return path.join(this.#directory, `${this.name}.log`)
  }
}

export class EtcdCluster {
  readonly members: readonly EtcdMember[]
  readonly directory: string
  readonly #tls: EtcdTls | null

  private constructor(members: readonly EtcdMember[], directory: string, tls: EtcdTls | null) {
    this.members = members
    this.directory = directory
    this.#tls = tls
  }

  /** Resolves when the members, all on one host, have elected a leader. */
  static async start({
    size = 3,
    host = loopback,
    makeTls,
  }: {
    size?: number
    host?: NetworkHost
    makeTls?: (directory: string) => Promise<EtcdTls>
  } = {}): Promise<EtcdCluster> {
    await needProgram('etcd', 'etcd-server')
    await needProgram('etcdctl', 'etcd-client')
    const directory = await mkdtemp(path.join(os.tmpdir(), 'odradek-interop-etcd-'))
    const tls = (await makeTls?.(directory)) ?? null
    const members: EtcdMember[] = []
    for (let number = 1; number <= size; number++) {
      const ports = { clientPort: await freePort(), peerPort: await freePort() }
      members.push(new EtcdMember({ name: `member-${number}`, host, ...ports, directory, tls }))
    }
    const cluster = new EtcdCluster(members, directory, tls)
    cluster.startAll()
    try {
      await cluster.isHealthy()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  startAll(): void {
    const all = this.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    for (const member of this.members) member.start(all)
  }

  /** What the stores take as endpoints. */
  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint)
  }

  /** Runs etcd's own command line tool. */
  control(args: readonly string[], { endpoints = this.endpoints }: { endpoints?: readonly string[] } = {}) {
    const tls = this.#tls === null ? [] : ['--cacert', this.#tls.ca, '--cert', this.#tls.cert, '--key', this.#tls.key]
    const env = { ETCDCTL_API: '3' }
    return mustRun('etcdctl', ['--endpoints', endpoints.join(), ...tls, ...args], { env, timeoutMs: 10_000 })
  }

  /** The member that leads, among those that answer. */
  async leader(): Promise<EtcdMember> {
    for (const member of this.members) {
      const [status] = JSON.parse(
        await this.control(['endpoint', 'status', '--write-out', 'json'], { endpoints: [member.endpoint] }),
      ) as { Status: { header: { member_id: bigint }; leader: bigint } }[]
      if (status?.Status.leader === status?.Status.header.member_id) return member
    }
    throw new Error('no etcd member leads')
  }

  async isHealthy(): Promise<void> {
    const deadlineMs = performance.now() + startTimeoutMs
    for (;;) {
      const problem = this.members.map(({ obituary }) => obituary).find(text => text !== null)
      if (problem) throw new Error(problem)
      try {
        await this.control(['endpoint', 'health'])
        return
      } catch (error) {
        if (performance.now() > deadlineMs) throw error
        await sleep(100)
      }
    }
  }

  /** Forgets all revisions but the present. */
  async compact(): Promise<void> {
    const [first] = this.endpoints
    if (first === undefined) throw new Error('a cluster without members')
    const status = await this.control(['endpoint', 'status', '--write-out', 'json'], { endpoints: [first] })
    const revision = /"revision":(\d+)/.exec(status)?.[1]
    await this.control(['compact', `${revision}`])
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(member => member.kill()))
    await rm(this.directory, { recursive: true, force: true })
  }
}
