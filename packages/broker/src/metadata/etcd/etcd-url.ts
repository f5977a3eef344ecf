import { OdradekError } from '../../odradek-error.ts'

export interface EtcdAddress {
  /** host:port of each member that may be asked, as written in a URL. */
  readonly endpoints: readonly string[]
  /** Keys of the cluster lie under it; without a slash at its end. */
  readonly prefix: string
}

const form = 'etcd://HOST:PORT[,HOST:PORT...]/PREFIX'
const portByDefault = 2379

/** Reads `etcd://HOST:PORT[,HOST:PORT...]/PREFIX`; what cannot be meant is told with what to write instead. */
export function parseEtcdUrl(url: string): EtcdAddress {
  const refuse = (problem: string) => {
    // A password that was put there by mistake must not get into a log.
    const shown = url.replace(/\/\/[^/]*@/, '//***@')
    return new OdradekError('bad-etcd-url', `"${shown}" ${problem}; the form is ${form}`)
  }
  const scheme = 'etcd://'
  if (!url.startsWith(scheme)) throw refuse(`does not begin with ${scheme}`)
  const slash = url.indexOf('/', scheme.length)
  const hosts = slash < 0 ? url.slice(scheme.length) : url.slice(scheme.length, slash)
  const prefix = slash < 0 ? '' : url.slice(slash + 1).replace(/\/$/, '')
  if (hosts.includes('@'))
    throw refuse('names a user: user and password are options of their own, since URLs get into logs')
  if (prefix === '') throw refuse('names no prefix: clusters that share an etcd are told apart by it')
  if (prefix.split('/').includes('')) throw refuse('has an empty part in its prefix')
  if (/[?#\s]/.test(prefix)) throw refuse('has a question mark, a number sign or a space in its prefix')
  const endpoints = hosts.split(',').map(text => {
    const match = /^(?<host>\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::(?<port>\d{1,5}))?$/i.exec(text)
    if (text === '' || match?.groups?.host === undefined) throw refuse(`has "${text}" where a HOST:PORT belongs`)
    const port = Number(match.groups.port ?? portByDefault)
    if (port < 1 || port > 65_535) throw refuse(`has the port ${port}, which does not exist`)
    return `${match.groups.host}:${port}`
  })
  const twice = endpoints.find((endpoint, at) => endpoints.indexOf(endpoint) !== at)
  if (twice !== undefined) throw refuse(`names ${twice} twice`)
  return { endpoints, prefix }
}
