import { ConnectionError } from './api-handler.ts'

/** What comes in front of every request's body. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins in the frame. */
  readonly bodyAt: number
}

/** The API key, before anything of the header is known to be sound; -1 where the frame is too short. */
export function peekApiKey(frame: Buffer): number {
  return frame.length < 2 ? -1 : frame.readInt16BE(0)
}

/** The three numbers that every header begins with, in all versions of it. */
export function readRequestIds(frame: Buffer): { apiKey: number; apiVersion: number; correlationId: number } {
  if (frame.length < 8) throw new ConnectionError(`a request of ${frame.length} bytes is too short for its header`)
  return { apiKey: frame.readInt16BE(0), apiVersion: frame.readInt16BE(2), correlationId: frame.readInt32BE(4) }
}

/**
 * Header version 1, or 2 with a tag section. The client id keeps the old length prefix even there, so that a broker can
 * read the header of a version that it does not know.
 */
export function readRequestHeader(frame: Buffer, headerVersion: number): RequestHeader {
  const ids = readRequestIds(frame)
  let at = 8
  let clientId: string | null = null
  if (headerVersion >= 1) {
    if (frame.length < 10) throw new ConnectionError('a request header ends before its client id')
    const length = frame.readInt16BE(8)
    at = 10 + Math.max(0, length)
    if (length < -1 || at > frame.length) throw new ConnectionError(`a client id claims ${length} bytes`)
    if (length >= 0) clientId = frame.toString('latin1', 10, at)
    if (clientId !== null && !isAscii(clientId)) clientId = frame.toString('utf8', 10, at)
  }
  if (headerVersion >= 2) at = skipTags(frame, at)
  return { ...ids, clientId, bodyAt: at }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

function skipTags(frame: Buffer, start: number): number {
  // Nearly every client sends none.
  if (frame[start] === 0) return start + 1
  let at = start
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = frame[at++]
      if (byte === undefined) break
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
    throw new ConnectionError('a request header has a broken tag section')
  }
  for (let count = varint(); count > 0; count--) {
    varint()
    const size = varint()
    if (size > frame.length - at) throw new ConnectionError(`a tag of the request header claims ${size} bytes`)
    at += size
  }
  return at
}
