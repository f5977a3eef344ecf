/**
 * A network of hosts within this machine, in which packets between two hosts can be lost. Each host is a network namespace with one
 * wire to a router, a namespace too; the router drops what it is told to drop. Nobody is told: connections do not end, they
 * fall silent, as they do when a switch dies.
 *
 *   this machine ──┐   ┌── host 1
 *                 router ── host 2        cut: `ip rule … blackhole` on the router, in both directions
 *                      └── host 3
 *
 * Needs Linux, iproute2 and the rights of root.
 */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mustRun, needProgram } from '../command.ts'
import type { Launch, NetworkHost } from '../network-host.ts'

/** Networks of a test run that is itself ended before it could remove them. */
const present = new Set<TestNetwork>()
process.once('exit', () => {
  for (const network of present) network.removeNow()
})
// Each time: a second signal, as it comes from a terminal and from `timeout`, must not interrupt the exit handlers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

export class TestNetwork {
  readonly #prefix: string
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #routerAddress: string
  /** Of this machine, where the clients are. */
  readonly #ownAddress: string
  /** By which the router chooses what to drop. */
  readonly #blackholes: string[] = []

  static async create(names: readonly string[]): Promise<TestNetwork> {
    await needProgram('ip', 'iproute2')
    const network = new TestNetwork(names)
    present.add(network)
    try {
      await network.#create()
    } catch (cause) {
      network.remove()
      const what = 'this test cuts brokers off in network namespaces, which this machine does not let us make'
      const needs = 'it needs Linux and the rights of root; in a container, CAP_SYS_ADMIN and CAP_NET_ADMIN'
      throw new Error(`${what}: ${needs}`, { cause })
    }
    return network
  }

  private constructor(names: readonly string[]) {
    const id = randomInt(1, 255)
    // Names of interfaces have 15 characters at most.
    this.#prefix = `odr${process.pid % 100_000}-${id}`
    // A range for tests of networks (RFC 2544), which nobody has routes to.
    const address = (host: number) => `198.18.${id}.${host}`
    this.#hosts = new Map(
      names.map((name, index) => [
        name,
        { name, namespace: `${this.#prefix}-${name}`, wire: `wire${index}`, address: address(index + 1) },
      ]),
    )
    this.#routerAddress = address(254)
    this.#ownAddress = address(253)
  }

  get #router(): string {
    return `${this.#prefix}-router`
  }

  host(name: string): NetworkHost {
    const { address, namespace } = this.#get(name)
    return {
      address,
      launch: ({ program, args }: Launch) => ({
        program: 'ip',
        args: ['netns', 'exec', namespace, program, ...args],
      }),
    }
  }

  /** From now on nothing that one sends gets to any of the others, nor what they send to it. */
  async cut(name: string, others: readonly string[]): Promise<void> {
    const { address } = this.#get(name)
    const addresses = others.map(other => this.#get(other).address)
    const rules = addresses.flatMap(other => [`from ${address} to ${other}`, `from ${other} to ${address}`])
    this.#blackholes.push(...rules)
    await this.#tellRouter(rules.map(rule => `rule add ${rule} blackhole`))
  }

  /** All get to all again. */
  async heal(): Promise<void> {
    await this.#tellRouter(this.#blackholes.splice(0).map(rule => `rule delete ${rule} blackhole`))
  }

  async #tellRouter(commands: readonly string[]): Promise<void> {
    await mustRun('ip', ['-n', this.#router, '-batch', '-'], { input: commands.join('\n') })
  }

  /** What still runs on the hosts is left without a network. */
  remove(): void {
    this.removeNow()
    present.delete(this)
  }

  /** Synchronously, for the end of the process. The wires go with the namespaces that they end in. */
  removeNow(): void {
    const namespaces = [this.#router, ...Array.from(this.#hosts.values(), ({ namespace }) => namespace)]
    const input = namespaces.map(namespace => `netns delete ${namespace}\n`).join('')
    spawnSync('ip', ['-force', '-batch', '-'], { input })
  }

  async #create(): Promise<void> {
    await ip('netns', 'add', this.#router)
    await ip('-n', this.#router, 'link', 'set', 'lo', 'up')
    await ip('-n', this.#router, 'address', 'add', this.#routerAddress, 'dev', 'lo')
    const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
    await mustRun('ip', ['netns', 'exec', this.#router, 'sh', '-c', forward])
    for (const { namespace, wire, address } of this.#hosts.values()) {
      await ip('netns', 'add', namespace)
      await ip('-n', namespace, 'link', 'set', 'lo', 'up')
      await ip('link', 'add', wire, 'netns', this.#router, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
      await this.#plugIn({ wire, address })
      await ip('-n', namespace, 'address', 'add', address, 'dev', 'eth0')
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
      await ip('-n', namespace, 'route', 'add', 'default', 'via', this.#routerAddress, 'dev', 'eth0', 'onlink')
    }
    const own = this.#prefix
    await ip('link', 'add', 'wire', 'netns', this.#router, 'type', 'veth', 'peer', 'name', own)
    await this.#plugIn({ wire: 'wire', address: this.#ownAddress })
    await ip('address', 'add', this.#ownAddress, 'dev', own)
    await ip('link', 'set', own, 'up')
    for (const { address } of this.#hosts.values()) {
      await ip('route', 'add', address, 'via', this.#routerAddress, 'dev', own, 'onlink', 'src', this.#ownAddress)
    }
  }

  async #plugIn({ wire, address }: { readonly wire: string; readonly address: string }): Promise<void> {
    await ip('-n', this.#router, 'link', 'set', wire, 'up')
    await ip('-n', this.#router, 'route', 'add', address, 'dev', wire)
  }

  #get(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`there is no host ${name}`)
    return host
  }
}

interface Host {
  readonly name: string
  readonly namespace: string
  /** The router's end. */
  readonly wire: string
  readonly address: string
}

function ip(...args: readonly string[]): Promise<string> {
  return mustRun('ip', args)
}
