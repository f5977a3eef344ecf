/**
 * `String.hashCode` of Java: over UTF-16 units, an int32. It places a group on its `__consumer_offsets` partition, so every
 * broker and every tool must agree on it.
 */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Kafka's `Utils.abs(hash) % partitions`: the minimum int counts as 0. */
export function groupPartition(groupId: string, partitions: number): number {
  const hash = javaStringHash(groupId)
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitions
}

/** Where Java's HashMap of up to 12 strings lists this one: equal votes for two protocols are decided by it. */
export function javaHashMapOrder(text: string): number {
  const hash = javaStringHash(text)
  return (hash ^ (hash >>> 16)) & 15
}
