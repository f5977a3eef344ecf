import type { BrokerEndpoint } from '../core/cluster/cluster-image.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { OdradekError } from '../odradek-error.ts'
import type { ListenAddress } from './server.ts'

/** The settings as text; null where unset. */
export interface ListenerSettings {
  readonly listeners: readonly string[]
  readonly advertisedListeners: readonly string[]
  /** listener.security.protocol.map. */
  readonly securityProtocolMap: string
  /** controller.listener.names: one node needs no controller listener, so these are passed over. */
  readonly controllerListenerNames: readonly string[]
}

export interface ListenerPlan extends ListenAddress {
  /** What clients are told; null: the address that each of them has reached us on. */
  readonly advertised: BrokerEndpoint['advertised']
}

/** Throws OdradekError where the settings are not sound. The order is that of `listeners`. */
export function planListeners(settings: ListenerSettings): ListenerPlan[] {
  const protocols = parseProtocolMap(settings.securityProtocolMap)
  const isServed = ({ name }: ParsedListener) => !settings.controllerListenerNames.includes(name)
  const listeners = settings.listeners.map(text => parseListener('listeners', text)).filter(isServed)
  const advertised = settings.advertisedListeners
    .map(text => parseListener('advertised.listeners', text))
    .filter(isServed)
  if (listeners.length === 0) throw invalid('listeners names no address to listen on, as in PLAINTEXT://localhost:9092')
  for (const { name, text } of advertised) {
    if (!listeners.some(listener => listener.name === name)) {
      throw invalid(`advertised.listeners has ${text}, but no listener is called ${name}`)
    }
  }
  const names = new Set<string>()
  return listeners.map(({ name, host, port, text }) => {
    if (names.has(name)) throw invalid(`listeners names ${name} twice`)
    names.add(name)
    const protocol = protocols.get(name)
    if (protocol === undefined) {
      throw invalid(`listener.security.protocol.map does not say which protocol the listener ${name} speaks`)
    }
    if (protocol !== 'PLAINTEXT') {
      throw invalid(`${text}: ${protocol} is not supported by Odradek yet; only PLAINTEXT is`)
    }
    const told = advertised.find(one => one.name === name)
    if (told !== undefined && isWildcard(told.host)) {
      throw invalid(`advertised.listeners has ${told.text}: clients cannot connect to ${told.host || 'no address'}`)
    }
    return {
      listenerName: name,
      host: isWildcard(host) ? '0.0.0.0' : host,
      port,
      advertised: told === undefined ? null : { host: told.host, port: told.port },
    }
  })
}

/** Of one of several brokers: the others and all clients must reach it at one address, whoever asks. */
export function checkSharedListeners(listeners: ListenerPlan[], config: BrokerConfig): ListenerPlan[] {
  for (const { listenerName, host, port, advertised } of listeners) {
    if (advertised !== null || !isWildcard(host)) continue
    throw invalid(
      `the listener ${listenerName} is on all addresses, of which the other brokers of the cluster must know one: set advertised.listeners=${listenerName}://HOST:${port}, with this machine's name or address for HOST`,
    )
  }
  const name = config.stringOrNull('inter.broker.listener.name')
  if (name !== null && !listeners.some(({ listenerName }) => listenerName === name)) {
    throw invalid(`inter.broker.listener.name is ${name}, but no listener is called so`)
  }
  return listeners
}

/** The listener that a HOST:PORT stands for. Throws OdradekError for what is none. */
export function listenerAt(address: string): string {
  const port = Number(/^(?:\[[0-9A-Fa-f:.%]+\]|[^:]*):(\d+)$/.exec(address)?.[1])
  if (port <= portMax) return `PLAINTEXT://${address}`
  throw invalid(`listen has ${address}, which is not of the form HOST:PORT, as in 127.0.0.1:9092`)
}

interface ParsedListener {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly text: string
}

const portMax = 65_535
const listenerForm = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%]+)\]|([^:/[\]]*)):(\d+)$/

function parseListener(setting: string, text: string): ParsedListener {
  const [, name, address6, host, port] = listenerForm.exec(text.trim()) ?? []
  const number = Number(port)
  if (name === undefined || !(number <= portMax)) {
    throw invalid(`${setting} has ${text}, which is not of the form NAME://HOST:PORT, as in PLAINTEXT://localhost:9092`)
  }
  return { name: name.toUpperCase(), host: address6 ?? host ?? '', port: number, text }
}

function parseProtocolMap(text: string): Map<string, string> {
  const protocols = new Map<string, string>()
  for (const entry of text.split(',')) {
    if (entry.trim() === '') continue
    const [name, protocol, ...rest] = entry.split(':').map(part => part.trim().toUpperCase())
    if (!name || !protocol || rest.length > 0) {
      throw invalid(`listener.security.protocol.map has ${entry}, which is not of the form NAME:PROTOCOL`)
    }
    protocols.set(name, protocol)
  }
  return protocols
}

/** Empty means all addresses, as in PLAINTEXT://:9092. */
export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function invalid(problem: string): OdradekError {
  return new OdradekError('invalid-config', problem)
}
