/** Requests as bytes, for clients that do not behave as clients do. */
import { requestHeader, Writer } from '@odradek/protocol'

export interface RawRequestOptions {
  readonly correlationId?: number
  readonly clientId?: string | null
}

export interface RequestSchema<I> {
  readonly key: number
  headerVersion(version: number): number
  encode(version: number, value: I, writer: Writer): void
}

/** A whole frame: size, header, body. */
export function rawRequest<I>(
  request: RequestSchema<I>,
  version: number,
  body: NoInfer<I>,
  { correlationId = 1, clientId = 'raw' }: RawRequestOptions = {},
): Buffer {
  const writer = new Writer()
  const size = writer.reserveInt32()
  requestHeader.encode(
    request.headerVersion(version),
    { requestApiKey: request.key, requestApiVersion: version, correlationId, clientId },
    writer,
  )
  request.encode(version, body, writer)
  writer.patchInt32(size, writer.byteLength - 4)
  return writer.toBuffer()
}
