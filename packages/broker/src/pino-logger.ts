/** Log lines through pino. Imported only where somebody wants them: it costs an embedded broker's start 20 ms. */
import { type DestinationStream, destination, pino, stdSerializers } from 'pino'
import type { LogFields, Logger } from './logger.ts'

export interface LoggerOptions {
  /** 'text' for people, 'json' for programs: one line a message. */
  readonly format: 'text' | 'json'
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Standard error unless given. */
  readonly destination?: DestinationStream
}

const standardError = 2

export async function createPinoLogger({ format, level, destination: given }: LoggerOptions): Promise<Logger> {
  const stream = given ?? (format === 'text' ? await prettyStream() : destination({ dest: standardError, sync: true }))
  const logger = pino({ level, base: null, serializers: { error: stdSerializers.errWithCause } }, stream)
  const write =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void =>
      logger[name](fields ?? {}, message)
  return {
    debugEnabled: logger.isLevelEnabled('debug'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}

async function prettyStream(): Promise<DestinationStream> {
  const { PinoPretty } = await import('pino-pretty')
  return PinoPretty({ destination: standardError, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
}
