/**
 * Apache Kafka in TypeScript, to run inside another program:
 *
 *     await using kafka = await startBroker()
 *     connect(kafka.bootstrapServers)
 *
 * or a cluster of them, to see what becomes of a program when brokers fail:
 *
 *     await using kafka = await startCluster({ brokers: 3 })
 *     await kafka.broker(2).kill()
 */
import type { Logger } from './logger.ts'
import type { LoggerOptions } from './pino-logger.ts'

export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export { checkSeveral, type SeveralBrokers } from './check-several.ts'
export type { BrokerState, ClusterBroker } from './embedded/embedded-broker.ts'
export { type Imported, type ImportOptions, importIntoCluster } from './import-into-cluster.ts'
export { brokerDirectory } from './log/broker-directories.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type { EtcdSecurity } from './metadata/etcd/etcd-client.ts'
export { OdradekError } from './odradek-error.ts'
export type { ClusterAddress } from './open-etcd-store.ts'
export type { LoggerOptions } from './pino-logger.ts'
export { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.ts'
export { type RunningCluster, type StartClusterOptions, startCluster } from './start-cluster.ts'

/** A logger for `startBroker`: lines for people or for programs, on standard error. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const { createPinoLogger } = await import('./pino-logger.ts')
  return createPinoLogger(options)
}
