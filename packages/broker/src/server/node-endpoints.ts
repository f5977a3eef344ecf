import type { BrokerEndpoint, ClusterImage } from '../core/cluster/cluster-image.ts'
import type { RequestContext } from './api-handler.ts'

/** Where a client of this connection reaches a broker. */
export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/**
 * The brokers' endpoints on the listener that the client came through; those without one are left out, and those that do not run,
 * unless they are asked for.
 */
export type NodeEndpoints = (
  brokerIds: Iterable<number>,
  context: RequestContext,
  options?: { readonly includeFenced: boolean },
) => NodeEndpoint[]

export function nodeEndpointsOf(image: () => ClusterImage): NodeEndpoints {
  return (brokerIds, context, { includeFenced } = { includeFenced: false }) => {
    const endpoints: NodeEndpoint[] = []
    for (const nodeId of brokerIds) {
      const broker = image().brokers.get(nodeId)
      const endpoint = broker?.endpoints.find(({ listenerName }) => listenerName === context.listenerName)
      if (broker === undefined || endpoint === undefined || (broker.fenced && !includeFenced)) continue
      endpoints.push({ nodeId, ...addressFor(endpoint, context), rack: broker.rack })
    }
    return endpoints
  }
}

/** What is advertised; without it the very address that the client reached us on, which must be one that it can reach. */
export function addressFor(endpoint: BrokerEndpoint, context: RequestContext): { host: string; port: number } {
  const { host, port } = endpoint.advertised ?? context.local
  return { host, port }
}
