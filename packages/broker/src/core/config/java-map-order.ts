/**
 * Names in the order in which a Java hash map of them is walked. Kafka's answers list settings in it, and tools print
 * them as they come; so people compare outputs in this order.
 */
export function inJavaMapOrder(names: readonly string[]): string[] {
  let capacity = 16
  while (names.length > capacity * 0.75) capacity *= 2
  const bucket = (name: string) => spreadHash(name) & (capacity - 1)
  return names.toSorted((a, b) => bucket(a) - bucket(b))
}

function spreadHash(name: string): number {
  let hash = 0
  for (let index = 0; index < name.length; index++) hash = (Math.imul(31, hash) + name.charCodeAt(index)) | 0
  return hash ^ (hash >>> 16)
}
