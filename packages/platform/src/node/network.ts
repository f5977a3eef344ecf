import net from 'node:net'
import { type Connection, type Listener, type Network, NetworkError } from '../network.ts'
import { NodeConnection } from './connection.ts'
import { networkError } from './errors.ts'
import { newReader, onRead, takeOver } from './shared-read.ts'

/** Connections that the kernel keeps for us until the loop takes them; the kernel caps it at net.core.somaxconn. */
const backlog = 1024

export const nodeNetwork: Network = { listen, connect }

function listen(at: { host: string; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
  const place = `${at.host}:${at.port}`
  return new Promise((resolve, reject) => {
    // A connection that was reset before it was taken has no addresses any more: it is not handed over.
    const server = net.createServer({ noDelay: true, pauseOnConnect: true }, accepted => {
      if (accepted.remoteAddress === undefined) {
        accepted.destroy()
        return
      }
      const reader = newReader()
      onConnection(new NodeConnection(takeOver(accepted, reader), reader))
    })
    server.once('error', error => reject(networkError(error, `cannot listen on ${place}`)))
    server.listen({ host: at.host, port: at.port, backlog }, () => {
      // Later errors are failed accepts (no descriptors left): Node goes on accepting when there are some again.
      server.on('error', () => {})
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port')
      resolve({
        host: address.address,
        port: address.port,
        close() {
          // The port is free at once; the callback of close() would wait until all open connections have ended.
          server.close()
          return new Promise(closed => {
            setImmediate(closed)
          })
        },
      })
    })
  })
}

function connect(to: { host: string; port: number; timeoutMs: number }): Promise<Connection> {
  const place = `cannot connect to ${to.host}:${to.port}`
  return new Promise((resolve, reject) => {
    const reader = newReader()
    const socket = net.connect({ host: to.host, port: to.port, noDelay: true, onread: onRead(reader) })
    socket.pause()
    const fail = (error: Error) => {
      clearTimeout(timeout)
      socket.destroy()
      reject(networkError(error, place))
    }
    const timeout = setTimeout(() => {
      fail(new NetworkError('timeout', `${place}: no answer within ${to.timeoutMs} ms`))
    }, to.timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timeout)
      const connection = new NodeConnection(socket, reader)
      socket.off('error', fail)
      resolve(connection)
    })
  })
}
