/** A batch's compression by the names that Kafka's `compression.type` uses. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** All types; the index is the number in a batch's attributes. */
export const compressionTypes: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The type of a number from a batch's attributes; `null` for numbers that stand for nothing. */
export function compressionTypeOf(id: number): CompressionType | null {
  return compressionTypes[id] ?? null
}

export function compressionId(type: CompressionType): number {
  return compressionTypes.indexOf(type)
}
