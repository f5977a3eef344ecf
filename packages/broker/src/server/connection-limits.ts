/** How many connections the broker takes. Kafka's settings; the numbers are counts and milliseconds. */
export interface ConnectionLimitsConfig {
  /** max.connections. */
  readonly maxConnections: number
  /** max.connections.per.ip. */
  readonly maxConnectionsPerIp: number
  /** max.connections.per.ip.overrides: by address. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>
}

export type Admission = 'admitted' | 'must-wait' | 'refused'

/** Counts the open connections. Whoever was admitted must be released once. */
export class ConnectionLimits {
  readonly #config: () => ConnectionLimitsConfig
  readonly #byHost = new Map<string, number>()
  #total = 0

  /** `config` is asked at every admission: these settings may change while the broker runs. */
  constructor(config: () => ConnectionLimitsConfig) {
    this.#config = config
  }

  get total(): number {
    return this.#total
  }

  /** One address's share is exceeded: refused. The broker's whole is: the client waits, as in Kafka, for a free place. */
  admit(host: string): Admission {
    const { maxConnections, maxConnectionsPerIp, maxConnectionsPerIpOverrides } = this.#config()
    const ofHost = this.#byHost.get(host) ?? 0
    if (ofHost >= (maxConnectionsPerIpOverrides.get(host) ?? maxConnectionsPerIp)) return 'refused'
    if (this.#total >= maxConnections) return 'must-wait'
    this.#byHost.set(host, ofHost + 1)
    this.#total++
    return 'admitted'
  }

  release(host: string): void {
    const ofHost = this.#byHost.get(host) ?? 0
    if (ofHost <= 1) this.#byHost.delete(host)
    else this.#byHost.set(host, ofHost - 1)
    this.#total--
  }
}
