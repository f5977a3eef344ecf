import type { Connection, NetworkError } from '@odradek/platform'
import { FrameAssembler, FrameError } from '@odradek/protocol'
import type { LentMemory } from '../log/memory-blocks.ts'
import { ConnectionError } from './api-handler.ts'
import { peekApiKey } from './request-header.ts'

/** The answer's bytes, without any where the request gets no answer. */
export type AnswerChunks = readonly Buffer[]

/** What a connection needs of the server that it belongs to. */
export interface ConnectionHost {
  readonly frameBytesMax: number
  /** For frames that are large; null: a frame of this size gets memory of its own. */
  lend(byteLength: number): LentMemory | null
  /** Throws or rejects where the connection must be closed. */
  answer(frame: Buffer, connection: ServerConnection): AnswerChunks | Promise<AnswerChunks>
  /** Between these two calls nothing that waits for records is answered, so that the producer's own answer goes first. */
  batchBegins(): void
  batchEnds(): void
  now(): number
  /** In the next turn of the loop, after those connections that have something to say now. */
  soon(callback: () => void): void
  closed(connection: ServerConnection, reason: Error | null): void
}

/** A request under way. `chunks` is null until its answer is there. */
interface Slot {
  chunks: AnswerChunks | null
}

const produceKey = 0
/** Produce requests of one connection that may be in the log's queue together: group commit gets something to group. */
const producesInFlightMax = 16
/**
 * A chunk of the network can hold thousands of requests, and one request can ask for seconds of work (batches that are
 * unpacked). After this time the other connections come first.
 */
const turnMsMax = 20

/**
 * One client's connection on the server's side: frames in, answers out in the order of the requests.
 *
 * Requests are served one after the other, as Kafka serves them; only Produce requests in a row overlap, because their
 * order is settled when they are handed to the log. Back-pressure: a frame that has to wait stops the reading, so what
 * waits is at most what one chunk of the network held; answers that the kernel does not take stop the serving. A turn of
 * the loop is shared: who has had its part of it goes on in the next one.
 */
export class ServerConnection {
  readonly id: number
  readonly listenerName: string
  readonly socket: Connection
  lastActiveMs: number
  readonly #host: ConnectionHost
  readonly #assembler: FrameAssembler
  /** Of the frames that are not yet served, those whose memory is lent. */
  readonly #lent = new Map<Buffer, LentMemory>()
  /** Frames that are complete and not yet started. */
  #waiting: Buffer[] = []
  readonly #inFlight: Slot[] = []
  /** Whether all that is in flight are Produce requests. */
  #inFlightIsProduce = false
  /** Answers of this turn, on their way into one write. */
  #outgoing: Buffer[] = []
  /** To be told when the kernel has taken the answers that are on their way. */
  #afterSent: (() => void)[] = []
  /** Of the request in flight: to be told when its client is gone. */
  #whenClosed: (() => void) | null = null
  #isPaused = false
  #isKernelFull = false
  #isServing = false
  #turnBeganMs = 0
  /** Whether its turn is over, with requests left for the next one. */
  #isResting = false
  /** Whether the request that is being started goes on in another turn: none may overtake it. */
  #isStartedInTurns = false
  #isDraining = false
  #isClosed = false
  /** Given up, though the socket may not have closed yet. */
  #isDestroyed = false
  #closeReason: Error | null = null

  constructor(options: { id: number; listenerName: string; socket: Connection; host: ConnectionHost }) {
    this.id = options.id
    this.listenerName = options.listenerName
    this.socket = options.socket
    this.#host = options.host
    this.#assembler = new FrameAssembler(options.host.frameBytesMax, {
      limitName: 'socket.request.max.bytes',
      memory: (byteLength, firstBytes) => this.#lend(byteLength, firstBytes),
    })
    this.lastActiveMs = options.host.now()
  }

  /** Must follow construction at once: what arrives before it is lost. */
  open(): void {
    this.socket.handle({
      onData: chunk => this.#onData(chunk, false),
      onBorrowedData: chunk => this.#onData(chunk, true),
      onDrain: () => {
        this.#isKernelFull = false
        this.#tellSent()
        this.#serve()
      },
      onClose: error => this.#onClose(error),
    })
  }

  /** No request is being served and none waits. */
  get isIdle(): boolean {
    return this.#inFlight.length === 0 && this.#waiting.length === 0
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Takes nothing more from the client; closes when what is in flight has been answered. */
  drain(): void {
    if (this.#isDraining || this.#isClosed) return
    this.#isDraining = true
    this.#waiting = []
    this.#pause()
    this.#endIfDrained()
  }

  /** Closes now. The reason, if any, is logged by the server. */
  destroy(reason: Error | null = null): void {
    if (this.#isClosed) return
    this.#isDestroyed = true
    this.#closeReason ??= reason
    this.socket.destroy()
  }

  /** Holds the client back until `resume`: it has connected beyond the limit of connections. */
  pause(): void {
    this.#pause()
  }

  resume(): void {
    this.#isPaused = false
    this.socket.resume()
  }

  /** Calls back when the kernel has taken the answer that is being given, or never will. */
  afterSent(callback: () => void): void {
    if (this.#isClosed) callback()
    else this.#afterSent.push(callback)
  }

  /** Calls back when the connection closes before the request that is being started is answered; not for Produce, which overlaps. */
  whenClosed(callback: () => void): void {
    if (this.#isClosed) callback()
    else this.#whenClosed = callback
  }

  /** The request in the frame is served and nobody looks at its bytes. */
  releaseFrame(frame: Buffer): void {
    this.#lent.get(frame)?.release()
    this.#lent.delete(frame)
  }

  /**
   * Null as long as this turn may last, else its next turn. Who takes more than one hands nothing to the log meanwhile: the
   * connection's other requests wait until it is answered.
   */
  nextTurn(): Promise<void> | null {
    if (!this.#isTurnOver) return null
    this.#isStartedInTurns = true
    return new Promise(resolve =>
      this.#host.soon(() => {
        this.#turnBeganMs = this.#host.now()
        resolve()
      }),
    )
  }

  get #isTurnOver(): boolean {
    return this.#host.now() - this.#turnBeganMs > turnMsMax
  }

  /** Only Produce requests: their handler knows when the log is done with them. */
  #lend(byteLength: number, firstBytes: Buffer): Buffer | null {
    if (peekApiKey(firstBytes) !== produceKey) return null
    const memory = this.#host.lend(byteLength)
    if (memory === null) return null
    this.#lent.set(memory.bytes, memory)
    return memory.bytes
  }

  #onData(chunk: Buffer, isBorrowed: boolean): void {
    if (this.#isDraining || this.#isDestroyed || this.#isClosed) return
    this.lastActiveMs = this.#host.now()
    try {
      this.#assembler.push(chunk, this.#waiting, isBorrowed)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#serve()
      this.destroy(new ConnectionError(error.message))
      return
    }
    if (this.#waiting.length > 0) this.#serve()
  }

  /** Starts what may be started and writes what is answered; then lets those go on who wait for the new records. */
  #serve(): void {
    if (this.#isServing || this.#isDestroyed || this.#isClosed) return
    this.#isServing = true
    this.#turnBeganMs = this.#host.now()
    this.#host.batchBegins()
    let started = 0
    for (const frame of this.#waiting) {
      if (!this.#mayStart(frame)) break
      started++
      this.#start(frame)
      if (started < this.#waiting.length && this.#isTurnOver) {
        this.#rest()
        break
      }
    }
    if (started === this.#waiting.length) this.#waiting = []
    else if (started > 0) this.#waiting = this.#waiting.slice(started)
    this.#flush()
    if (this.#waiting.length > 0) this.#pause()
    else if (this.#isPaused && !this.#isDraining && !this.#isKernelFull) this.resume()
    this.#isServing = false
    this.#endIfDrained()
    this.#host.batchEnds()
  }

  #mayStart(frame: Buffer): boolean {
    if (this.#isDestroyed) return false
    if (this.#isKernelFull || this.#isClosed || this.#isDraining || this.#isResting) return false
    if (this.#inFlight.length === 0) return true
    return this.#inFlightIsProduce && this.#inFlight.length < producesInFlightMax && peekApiKey(frame) === produceKey
  }

  #rest(): void {
    this.#isResting = true
    this.#host.soon(() => {
      this.#isResting = false
      this.#serve()
    })
  }

  #start(frame: Buffer): void {
    this.#isStartedInTurns = false
    let answer: AnswerChunks | Promise<AnswerChunks>
    try {
      answer = this.#host.answer(frame, this)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (answer instanceof Promise) {
      const slot: Slot = { chunks: null }
      this.#inFlight.push(slot)
      this.#inFlightIsProduce = peekApiKey(frame) === produceKey && !this.#isStartedInTurns
      answer.then(
        chunks => this.#answered(slot, chunks),
        error => this.#fail(error),
      )
    } else if (this.#inFlight.length > 0) {
      this.#inFlight.push({ chunks: answer })
    } else {
      this.#send(answer)
    }
  }

  #answered(slot: Slot, chunks: AnswerChunks): void {
    slot.chunks = chunks
    if (this.#isClosed) return
    this.#whenClosed = null
    this.lastActiveMs = this.#host.now()
    while (this.#inFlight[0] !== undefined && this.#inFlight[0].chunks !== null) {
      this.#send(this.#inFlight[0].chunks)
      this.#inFlight.shift()
    }
    this.#serve()
  }

  #send(chunks: AnswerChunks): void {
    for (const chunk of chunks) this.#outgoing.push(chunk)
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#isClosed) return
    const chunks = this.#outgoing
    this.#outgoing = []
    if (!this.socket.write(chunks)) this.#isKernelFull = true
    if (this.#afterSent.length > 0 && this.socket.bufferedBytes === 0) this.#tellSent()
  }

  #tellSent(): void {
    const callbacks = this.#afterSent
    this.#afterSent = []
    for (const callback of callbacks) callback()
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.socket.pause()
  }

  #endIfDrained(): void {
    if (this.#isDraining && this.#inFlight.length === 0 && !this.#isClosed) this.socket.end()
  }

  #fail(error: unknown): void {
    this.#flush()
    this.destroy(error instanceof Error ? error : new Error(String(error)))
  }

  #onClose(error: NetworkError | null): void {
    this.#isClosed = true
    this.#waiting = []
    this.#outgoing = []
    this.#inFlight.length = 0
    // Those of requests under way stay with them.
    this.#lent.clear()
    this.#tellSent()
    this.#whenClosed?.()
    this.#host.closed(this, this.#closeReason ?? error)
  }
}
