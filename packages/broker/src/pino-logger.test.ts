import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskError } from '@odradek/platform'
import { createPinoLogger, type LoggerOptions } from './pino-logger.ts'

async function logged(options: Omit<LoggerOptions, 'destination'>) {
  const lines: string[] = []
  const logger = await createPinoLogger({ ...options, destination: { write: line => lines.push(line) } })
  return { logger, lines }
}

test('text is one line a message, with the fields behind it, whatever the level', async () => {
  const { logger, lines } = await logged({ format: 'text', level: 'debug' })
  logger.info('listening', { host: '127.0.0.1', port: 9092, what: 'a b' })
  logger.error('the disk failed', { error: new DiskError('full', '/d', '/d: no space') })
  assert.deepEqual(
    lines.map(line => line.replace(/^\d\d:\d\d:\d\d\.\d\d\d/, 'TIME')),
    [
      'TIME INFO:  listening  host=127.0.0.1 port=9092 what="a b"\n',
      'TIME ERROR: the disk failed  error="/d: no space"\n',
    ],
  )
})

test('an error that nobody expected brings its stack', async () => {
  const { logger, lines } = await logged({ format: 'text', level: 'info' })
  logger.error('a bug', { error: new TypeError('oh') })
  assert.match(lines.join(''), /ERROR: a bug {2}error="oh"\n {4}at .*pino-logger\.test\.ts/)
})

test('JSON is one document a line, and says nothing below the level', async () => {
  const { logger, lines } = await logged({ format: 'json', level: 'warn' })
  logger.info('unheard')
  logger.warn('closed', { client: 'c' })
  assert.equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0] ?? '')
  assert.equal(typeof time, 'number')
  assert.deepEqual(rest, { level: 40, client: 'c', msg: 'closed' })
})
