// How entities of the cluster lie in the store: one key an entity, its value as JSON. A person can read a dump of it,
// and a key of a later version that this one does not know is left alone.

import type { ClusterChange } from '../core/cluster/cluster-change.ts'

/** The key of the entity that a change writes. Parts never contain '/', but a config's name, which comes last, may. */
export function storeKey(change: ClusterChange): string {
  switch (change.kind) {
    case 'cluster':
    case 'controller':
    case 'producer-ids':
      return change.kind
    case 'broker':
    case 'known-broker':
      return `${change.kind}/${change.brokerId}`
    case 'topic':
      return `topic/${change.name}`
    case 'partition':
      return `partition/${change.topicId}/${change.index}`
    case 'config':
      return `config/${change.resource.type}/${change.resource.name}`
    case 'feature':
      return `feature/${change.name}`
  }
}

export function encodeChange(change: ClusterChange): { readonly key: string; readonly value: string | null } {
  return { key: storeKey(change), value: change.value === null ? null : JSON.stringify(change.value) }
}

/** Null for a key that this version does not know. The value is ours: the store's checksum vouches for it. */
export function decodeChange(entry: { readonly key: string; readonly value: string | null }): ClusterChange | null {
  const value = entry.value === null ? null : JSON.parse(entry.value)
  const [kind, first = '', ...rest] = entry.key.split('/')
  switch (kind) {
    case 'cluster':
    case 'controller':
    case 'producer-ids':
      return { kind, value }
    case 'broker':
    case 'known-broker':
      return { kind, brokerId: Number(first), value }
    case 'topic':
    case 'feature':
      return { kind, name: first, value }
    case 'partition':
      return { kind, topicId: first, index: Number(rest[0]), value }
    case 'config':
      if (first !== 'topic' && first !== 'broker' && first !== 'group') return null
      return { kind, resource: { type: first, name: rest.join('/') }, value }
    default:
      return null
  }
}
