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
  const stream = given ?? destination({ dest: standardError, sync: true })
  const logger = pino(
    { level, base: null, serializers: { error: stdSerializers.errWithCause } },
    format === 'text' ? await textStream(stream, given === undefined) : stream,
  )
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

/** One line a message: time, level, message, fields. */
async function textStream(stream: DestinationStream, mayColor: boolean): Promise<DestinationStream> {
  const { prettyFactory, isColorSupported } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: mayColor && isColorSupported,
    customColors: { message: 'reset' },
    translateTime: 'SYS:HH:MM:ss.l',
    customPrettifiers: { time: time => String(time) },
    hideObject: true,
    messageFormat: (line, messageKey, _, { colors }) => {
      const { level, time, [messageKey]: message, ...fields } = line
      // Four letters or five in the level: the messages stand below each other all the same.
      const gap = level === 30 || level === 40 ? ' ' : ''
      const rendered = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`)
      const tail = rendered.length === 0 ? '' : `  ${colors.dim(rendered.join(' '))}`
      return `${gap}${message}${tail}${stackOf(fields.error)}`
    },
  })
  return { write: line => stream.write(pretty(line)) }
}

function fieldText(value: unknown): string {
  if (isLoggedError(value)) return JSON.stringify(value.message)
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

/** Errors of the world say all in their message; the stack is for those that nobody expected. */
const expectedErrors = ['DiskError', 'NetworkError', 'ConnectionError', 'OdradekError']

function stackOf(error: unknown): string {
  if (!isLoggedError(error) || expectedErrors.includes(error.type)) return ''
  return error.stack
    .split('\n')
    .slice(1)
    .map(line => `\n    ${line.trim()}`)
    .join('')
}

/** An error as pino writes it. */
function isLoggedError(value: unknown): value is { type: string; message: string; stack: string } {
  return typeof value === 'object' && value !== null && 'type' in value && 'message' in value && 'stack' in value
}
