/**
 * The topics of a consumer's subscription: `version int16, topics []string, …`, where every version begins as version 0
 * does. Null where the bytes are no subscription: they come from the client, and other protocols may put anything there.
 */
export function readSubscribedTopics(metadata: Buffer): string[] | null {
  if (metadata.length < 6 || metadata.readInt16BE(0) < 0) return null
  const count = metadata.readInt32BE(2)
  let position = 6
  if (count < 0 || count > (metadata.length - position) / 2) return null
  const topics: string[] = []
  for (let i = 0; i < count; i++) {
    if (position + 2 > metadata.length) return null
    const length = metadata.readInt16BE(position)
    position += 2
    if (length < 0 || position + length > metadata.length) return null
    topics.push(metadata.toString('utf8', position, position + length))
    position += length
  }
  return topics
}
