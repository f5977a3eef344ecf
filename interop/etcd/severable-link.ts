/** A way to one address that a test can cut: connections over it freeze, or lose what comes back. */
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'

export class SeverableLink {
  readonly #server: Server
  readonly #pairs = new Set<readonly [client: Socket, target: Socket]>()
  #isCut = false
  #losesAnswers = false

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer(client => {
      const server = createConnection(target)
      const pair = [client, server] as const
      this.#pairs.add(pair)
      client.on('data', chunk => this.#isCut || server.write(chunk))
      server.on('data', chunk => this.#isCut || this.#losesAnswers || client.write(chunk))
      for (const socket of pair) {
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#pairs.delete(pair)
          // Nobody hears of an end over a wire that is cut.
          if (!this.#isCut) for (const each of pair) each.destroy()
        })
      }
    })
  }

  static async to(endpoint: string): Promise<SeverableLink> {
    const [host = '', port] = endpoint.split(':')
    const link = new SeverableLink({ host, port: Number(port) })
    await new Promise<void>(resolve => link.#server.listen(0, '127.0.0.1', resolve))
    return link
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Bytes vanish in both directions; nothing is told. */
  cut(): void {
    this.#isCut = true
  }

  loseAnswers(): void {
    this.#losesAnswers = true
  }

  /** New connections work. Old ones have lost bytes: they end. */
  heal(): void {
    if (!this.#isCut && !this.#losesAnswers) return
    this.#isCut = false
    this.#losesAnswers = false
    this.reset()
  }

  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.#isCut = false
    this.reset()
  }
}
