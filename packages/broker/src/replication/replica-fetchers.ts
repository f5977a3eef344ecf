import { BrokerConnection } from '@odradek/client'
import type { Clock, Network } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import type { Partition } from './partition.ts'
import { type FetcherConfig, NoLeaderError, ReplicaFetcher } from './replica-fetcher.ts'
import type { ReplicationThrottle } from './replication-throttle.ts'

export interface ReplicaFetchersOptions {
  readonly brokerId: number
  /** Of this broker's registration. */
  readonly brokerEpoch: () => number
  /** Where another broker is reached by brokers; undefined while it is not registered. */
  readonly addressOf: (brokerId: number) => { readonly host: string; readonly port: number } | undefined
  /** Of another broker's registration; null while there is none. */
  readonly brokerEpochOf: (brokerId: number) => number | null
  /** A leader's process has ended, in the registration of that epoch. */
  readonly onLeaderEnded: (leader: { readonly brokerId: number; readonly epoch: number }) => void
  readonly config: () => FetcherConfig
  readonly throttle: ReplicationThrottle
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
}

/** Has each partition that follows a leader fetched from it: a fetcher a leader. */
export class ReplicaFetchers {
  readonly #options: ReplicaFetchersOptions
  readonly #fetchers = new Map<number, ReplicaFetcher>()
  readonly #leaders = new Map<Partition, number>()
  #isStopped = false

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options
  }

  /** Resolves when nothing from an earlier leader is written any more; -1: there is no leader. */
  async follow(partition: Partition, leaderId: number): Promise<void> {
    await this.unfollow(partition)
    if (leaderId < 0 || this.#isStopped) return
    let fetcher = this.#fetchers.get(leaderId)
    if (fetcher === undefined) {
      fetcher = this.#newFetcher(leaderId)
      this.#fetchers.set(leaderId, fetcher)
    }
    this.#leaders.set(partition, leaderId)
    fetcher.add(partition)
  }

  /** When it resolves, no fetcher writes to the partition's log. */
  async unfollow(partition: Partition): Promise<void> {
    const leaderId = this.#leaders.get(partition)
    if (leaderId === undefined) return
    this.#leaders.delete(partition)
    await this.#fetchers.get(leaderId)?.remove(partition)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#fetchers.values()].map(fetcher => fetcher.stop()))
  }

  #newFetcher(leaderId: number): ReplicaFetcher {
    const { brokerId, brokerEpoch, addressOf, brokerEpochOf, onLeaderEnded, ...options } = this.#options
    const { config, network, clock } = options
    const connect = () => {
      const address = addressOf(leaderId)
      if (address === undefined) throw new NoLeaderError(`broker ${leaderId} is not registered`)
      const clientId = `broker-${brokerId}-fetcher`
      return BrokerConnection.open(address, { network, clock, clientId, timeoutMs: config().timeoutMs })
    }
    return new ReplicaFetcher({
      leaderId,
      brokerId,
      brokerEpoch,
      leaderBrokerEpoch: () => brokerEpochOf(leaderId),
      onLeaderEnded: epoch => onLeaderEnded({ brokerId: leaderId, epoch }),
      connect,
      config,
      throttle: options.throttle,
      clock,
      logger: options.logger,
    })
  }
}
