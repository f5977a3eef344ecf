/** Compiled codecs: what `new Function` makes of a plan. */
import { decoderSource } from './compile-decoder.ts'
import { encoderSource } from './compile-encoder.ts'
import type { StructPlan } from './plan.ts'
import type { Reader } from './reader.ts'
import { evaluate } from './source-code.ts'
import { readText, writeText } from './text.ts'
import { readUuid, writeUuid } from './uuid.ts'
import { type Writer, writeInt64, writeUnsignedVarint } from './writer.ts'

/** Throws something when the bytes are malformed, which only the interpreter can explain. */
export type Decoder = (reader: Reader) => unknown
/** Throws something when the value does not fit, which only the interpreter can explain. */
export type Encoder = (value: unknown, writer: Writer) => void

/** Named as in `decodeFetchRequestV17`. Null where the process forbids code generation. */
export function compileDecoder(plan: StructPlan, name: string, version: number): Decoder | null {
  return evaluate(decoderSource(plan, `decode${name}V${version}`), parts) as Decoder | null
}

/** Named as in `encodeFetchRequestV17`. Null where the process forbids code generation. */
export function compileEncoder(plan: StructPlan, name: string, version: number): Encoder | null {
  return evaluate(encoderSource(plan, `encode${name}V${version}`), parts) as Encoder | null
}

/** Made once: a stack trace of it would cost more than reading the message, and say nothing. */
const malformed = new Error('malformed')
const unfit = new Error('unfit')
const noBytes = Buffer.alloc(0)

const parts = {
  malformed,
  noBytes,
  readText,
  readUuid,
  unfit,
  writeInt64,
  writeRecords,
  writeText,
  writeUnsignedVarint,
  writeUuid,
}

function writeRecords(writer: Writer, value: unknown, compact: boolean): void {
  const chunks: readonly unknown[] = Array.isArray(value) ? value : [value]
  let byteLength = 0
  for (const chunk of chunks) {
    if (!Buffer.isBuffer(chunk)) throw unfit
    byteLength += chunk.length
  }
  if (compact) writer.unsignedVarint(byteLength + 1)
  else writer.int32(byteLength)
  for (const chunk of chunks) writer.splice(chunk as Buffer)
}
