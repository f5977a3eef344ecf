import { int16, int32, string } from '../schema/field.ts'
import { header, type Message } from '../schema/schema.ts'

/**
 * In front of every request.
 * v2: with a tag section, for flexible requests; the client id keeps the old form, so that every broker can read it.
 */
export const requestHeader = header(
  { name: 'RequestHeader', versions: [1, 2], flexible: 2 },
  {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string().nullable().neverCompact().default(''),
  },
)
export interface RequestHeader extends Message<typeof requestHeader> {}

/** In front of every response. v1: with a tag section, for flexible responses. */
export const responseHeader = header(
  { name: 'ResponseHeader', versions: [0, 1], flexible: 1 },
  {
    correlationId: int32(),
  },
)
export interface ResponseHeader extends Message<typeof responseHeader> {}
