import type { Connection, ConnectionHandler, Listener, Network } from '@odradek/platform'
import {
  apiVersionsRequest,
  apiVersionsResponse,
  FrameAssembler,
  Reader,
  requestHeader,
  responseHeader,
  type Schema,
  Writer,
} from '@odradek/protocol'

/** An API that a scripted broker answers; undefined leaves the request without an answer. */
export interface ScriptedApi {
  readonly request: Schema<unknown, unknown>
  readonly response: Schema<unknown, unknown>
  readonly versions: readonly [number, number]
  answer(body: unknown, version: number): unknown
}

/** For tests of clients: a broker that says what the test wants it to say. */
export class ScriptedBroker {
  readonly apis: ScriptedApi[]
  /** 'Name vVersion' of all that was asked, in order. */
  readonly asked: string[] = []
  readonly connections: Connection[] = []

  constructor(apis: ScriptedApi[]) {
    const apiKeys = () =>
      this.apis.map(api => ({ apiKey: api.request.key, minVersion: api.versions[0], maxVersion: api.versions[1] }))
    const ownVersions: ScriptedApi = {
      request: apiVersionsRequest,
      response: apiVersionsResponse,
      versions: [0, 3],
      answer: () => ({ errorCode: 0, apiKeys: apiKeys() }),
    }
    this.apis = [...apis, ownVersions]
  }

  async listen(network: Network, at: { host: string; port: number }): Promise<Listener> {
    return await network.listen(at, connection => {
      this.connections.push(connection)
      connection.handle(this.#serve(connection))
    })
  }

  #serve(connection: Connection): ConnectionHandler {
    const assembler = new FrameAssembler(0x7fffffff)
    const onData = (chunk: Buffer) => {
      const frames: Buffer[] = []
      assembler.push(chunk, frames)
      for (const frame of frames) this.#answer(connection, frame)
    }
    return { onData, onDrain: () => {}, onClose: () => {} }
  }

  #answer(connection: Connection, frame: Buffer): void {
    const [key, version] = [frame.readInt16BE(0), frame.readInt16BE(2)]
    const api = this.apis.find(each => each.request.key === key)
    if (api === undefined) throw new Error(`the script has no API ${key}`)
    const reader = new Reader(frame)
    const { correlationId } = requestHeader.decode(api.request.headerVersion(version), reader)
    this.asked.push(`${api.request.name} v${version}`)
    // As Kafka: who asks for an unknown version of ApiVersions is answered in version 0.
    const unknown = version < api.versions[0] || version > api.versions[1]
    const body = unknown ? { errorCode: 35, apiKeys: [] } : api.answer(api.request.decode(version, reader), version)
    if (body === undefined) return
    const writer = new Writer()
    const answerVersion = unknown ? 0 : version
    responseHeader.encode(api.response.headerVersion(answerVersion), { correlationId }, writer)
    api.response.encode(answerVersion, body, writer)
    const size = Buffer.allocUnsafe(4)
    size.writeInt32BE(writer.byteLength)
    connection.write([size, ...writer.chunks()])
  }
}
