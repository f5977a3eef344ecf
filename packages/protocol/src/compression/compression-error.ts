import type { CompressionType } from './compression-type.ts'

/** The one error of `decompress`: the bytes are none of that codec, or become more than was allowed. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError'
  readonly type: CompressionType
  readonly kind: 'corrupt' | 'too-large'

  constructor(
    type: CompressionType,
    kind: 'corrupt' | 'too-large',
    { detail, cause }: { detail?: string; cause?: unknown } = {},
  ) {
    const what = kind === 'corrupt' ? `corrupt ${type} bytes` : `${type} bytes that decompress to more than is allowed`
    super(detail === undefined ? what : `${what}: ${detail}`, cause === undefined ? undefined : { cause })
    this.type = type
    this.kind = kind
  }
}
