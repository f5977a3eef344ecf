/** Byte streams between processes: TCP, or its simulation. */
export interface Network {
  /** Port 0 takes a free one. Rejects with NetworkError 'in-use', 'denied' or 'unreachable'. */
  listen(at: { host: string; port: number }, onConnection: (connection: Connection) => void): Promise<Listener>
  connect(to: { host: string; port: number; timeoutMs: number }): Promise<Connection>
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** Takes no new connections; the open ones stay. */
  close(): Promise<void>
}

export interface ConnectionHandler {
  /** The chunk is the receiver's to keep. */
  onData(chunk: Buffer): void
  /**
   * Where it is there it is called in place of onData, with memory that the next read overwrites: for receivers that copy
   * what they need in any case, and spare the network a copy of its own.
   */
  onBorrowedData?(chunk: Buffer): void
  /** All that was written has been handed to the kernel, after write() had said false. */
  onDrain(): void
  /** Exactly once, whatever the reason; nothing comes after it. */
  onClose(error: NetworkError | null): void
}

export interface Connection {
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Must be called at once when the connection is handed over. */
  handle(handler: ConnectionHandler): void
  /** Sends the chunks in order, as few packets as can be. The caller must not change them. False: wait for onDrain. */
  write(chunks: readonly Uint8Array[]): boolean
  /** Bytes written and not yet taken by the kernel. */
  readonly bufferedBytes: number
  /** Stops and restarts onData (back-pressure). */
  pause(): void
  resume(): void
  /** Sends what is buffered, then closes. */
  end(): void
  /** Closes now. */
  destroy(): void
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export type NetworkErrorKind = 'in-use' | 'denied' | 'refused' | 'unreachable' | 'reset' | 'timeout'

export class NetworkError extends Error {
  readonly kind: NetworkErrorKind
  constructor(kind: NetworkErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NetworkError'
    this.kind = kind
  }
}
