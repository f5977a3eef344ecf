/**
 * Apache Kafka in TypeScript, to run inside another program:
 *
 *     await using kafka = await startBroker()
 *     connect(kafka.bootstrapServers)
 */
import type { Logger } from './logger.ts'
import type { LoggerOptions } from './pino-logger.ts'

export { type Broker, type BrokerOptions, createBroker } from './broker.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export { OdradekError } from './odradek-error.ts'
export type { LoggerOptions } from './pino-logger.ts'
export { type ClusterAddress, type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.ts'

/** A logger for `startBroker`: lines for people or for programs, on standard error. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const { createPinoLogger } = await import('./pino-logger.ts')
  return createPinoLogger(options)
}
