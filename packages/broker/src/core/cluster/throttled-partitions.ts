import { type ClusterImage, type ConfigOverrides, configKey } from './cluster-image.ts'

/** On which side a copy is throttled: where a leader sends it, or where a follower fetches it. */
export type ThrottledSide = 'leader' | 'follower'

/** Partitions by topic. */
export type ThrottledPartitions = ReadonlyMap<string, 'all' | ReadonlySet<number>>

/** The partitions that are throttled on one side of one broker, by their topics' settings (KIP-73). */
export function throttledPartitions(
  image: ClusterImage,
  { side, brokerId }: { readonly side: ThrottledSide; readonly brokerId: number },
): ThrottledPartitions {
  const found = new Map<string, 'all' | ReadonlySet<number>>()
  for (const { name } of image.topics.values()) {
    const overrides = image.configs.get(configKey({ type: 'topic', name }))
    const partitions = overrides && partitionsIn(overrides, { side, brokerId })
    if (partitions !== undefined) found.set(name, partitions)
  }
  return found
}

/** `*`, or PARTITION:BROKER pairs, as the setting's own check has it. */
function partitionsIn(
  overrides: ConfigOverrides,
  { side, brokerId }: { readonly side: ThrottledSide; readonly brokerId: number },
): 'all' | ReadonlySet<number> | undefined {
  const text = overrides[`${side}.replication.throttled.replicas`]?.trim() ?? ''
  if (text === '*') return 'all'
  const partitions = new Set<number>()
  for (const pair of text.split(',')) {
    const [partition = '', replica = ''] = pair.trim().split(':')
    if (partition !== '' && Number(replica) === brokerId) partitions.add(Number(partition))
  }
  return partitions.size === 0 ? undefined : partitions
}
