/** From Kafka's settings to what the server wants to know. */
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { OdradekError } from '../odradek-error.ts'
import type { ServerConfig } from './server.ts'

/** Asked at every connection: these settings may change while the broker runs. */
export function serverConfigOf(broker: BrokerConfig): ServerConfig {
  return {
    socketRequestMaxBytes: broker.number('socket.request.max.bytes'),
    connectionsMaxIdleMs: broker.number('connections.max.idle.ms'),
    maxConnections: broker.number('max.connections'),
    maxConnectionsPerIp: broker.number('max.connections.per.ip'),
    maxConnectionsPerIpOverrides: parseOverrides(broker.string('max.connections.per.ip.overrides')),
  }
}

/** ADDRESS:NUMBER, comma separated; an IPv6 address has colons of its own. */
function parseOverrides(text: string): ReadonlyMap<string, number> {
  const overrides = new Map<string, number>()
  for (const entry of text.split(',')) {
    if (entry.trim() === '') continue
    const [, address, count] = /^\s*(.+):(\d+)\s*$/.exec(entry) ?? []
    if (address === undefined) {
      throw new OdradekError(
        'invalid-config',
        `max.connections.per.ip.overrides has ${entry}, which is not of the form ADDRESS:NUMBER`,
      )
    }
    overrides.set(address, Number(count))
  }
  return overrides
}
