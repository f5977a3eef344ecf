/** What an attack knows of the broker, and how it gets its bytes there. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../differential/random.ts'

/** Topics that attacks may write to. */
export const plainTopic = 'hostile'
export const recompressedTopic = 'hostile-recompressed'
export const partitionCount = 8

export interface Target {
  readonly port: number
  readonly random: Random
  /** Set when the time is up. */
  readonly signal: AbortSignal
  /** What was done, for the report. */
  count(what: string, by?: number): void
}

/** Runs until the time is up. It looks at no answer: what the broker says is the business of other tests. */
export type Attack = (target: Target) => Promise<void>

/** A connection, or null where the broker takes none at the moment. */
export async function open({ port, signal, count }: Target): Promise<Socket | null> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await firstOf(socket, ['connect', 'close'])
  if (socket.destroyed || signal.aborted) {
    socket.destroy()
    if (!signal.aborted) await pause(50)
    return null
  }
  count('connections')
  return socket
}

/** Sends everything, as fast as it is taken, and reads what comes back; then waits a little for the broker's last word. */
export async function talk(target: Target, chunks: Iterable<Buffer>, lingerMs = 100): Promise<void> {
  const socket = await open(target)
  if (socket === null) return
  socket.resume()
  for (const chunk of chunks) {
    if (socket.destroyed || target.signal.aborted) break
    target.count('bytes', chunk.length)
    if (!socket.write(chunk)) await firstOf(socket, ['drain', 'close'], 1_000)
  }
  if (!socket.destroyed) await firstOf(socket, ['close'], lingerMs)
  socket.destroy()
}

function firstOf(socket: Socket, events: readonly string[], timeoutMs = 10_000): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      for (const event of events) socket.off(event, done)
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    for (const event of events) socket.on(event, done)
  })
}

export function pause(ms: number): Promise<void> {
  return sleep(ms)
}

export function bytesOf(random: Random, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at++) bytes[at] = random.int(0, 255)
  return bytes
}
