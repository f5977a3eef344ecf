import type { Disk } from '@odradek/platform'
import { BrokerConfig, checkBrokerConfig } from './core/config/broker-config.ts'
import { refuseBrokerAt } from './log/broker-directories.ts'
import { parseEtcdUrl } from './metadata/etcd/etcd-url.ts'
import { OdradekError } from './odradek-error.ts'
import type { ClusterAddress } from './open-etcd-store.ts'
import { checkSharedListeners, isWildcard, listenerAt, planListeners } from './server/listener-config.ts'

/** Brokers of a cluster that are to be processes of one host, side by side. */
export interface SeveralBrokers {
  readonly disk: Disk
  readonly count: number
  readonly cluster: ClusterAddress
  /** Of all of them, by Kafka's names. */
  readonly config: Readonly<Record<string, string>>
  /** HOST:PORT of the first; the others get the ports behind it, or free ones with port 0. */
  readonly listen: string
  /** An absolute path, of the directory in which each has one of its own; null for memory. */
  readonly data: string | null
}

/** What each of them would refuse by itself, told once and before there are any. Throws OdradekError with what to do. */
export function checkSeveral({ disk, count, cluster, config, listen, data }: SeveralBrokers): void {
  parseEtcdUrl(cluster.url)
  const { problems } = checkBrokerConfig(config, { isAlone: false })
  if (problems.length > 0) throw invalid(problems.map(({ problem }) => problem).join('\n'))
  checkListen(listen, count, new BrokerConfig(config))
  if (data !== null) refuseBrokerAt(disk, data, { mayJoin: true })
}

function checkListen(listen: string, count: number, config: BrokerConfig): void {
  const listeners = planListeners({
    listeners: [listenerAt(listen)],
    advertisedListeners: [],
    securityProtocolMap: config.string('listener.security.protocol.map'),
    controllerListenerNames: config.list('controller.listener.names'),
  })
  for (const { host, port } of listeners) {
    if (isWildcard(host)) {
      throw invalid(
        `listen has ${listen}, which is all addresses, and brokers of a cluster must be known by one: name this machine's, as in broker-1:${port}`,
      )
    }
    if (port + count - 1 > 65_535) throw invalid(`listen has ${listen}: there are no ${count} ports from there on`)
  }
  checkSharedListeners(listeners, config)
}

function invalid(problem: string): OdradekError {
  return new OdradekError('invalid-config', problem)
}
