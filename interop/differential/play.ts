/** Plays a sequence against one broker and keeps what it answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  listOffsetsRequest,
  listOffsetsResponse,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import { type Answer, Connection } from './connection.ts'
import { ask, type RequestStep, type Step } from './step.ts'
import { type Expectation, World } from './world.ts'

/** What became of one request. */
export interface Outcome {
  readonly step: RequestStep
  readonly body: unknown
  /** The decoded answer, or why there is none. */
  readonly answer: unknown
}

export interface Played {
  readonly outcomes: readonly Outcome[]
  readonly world: World
}

const answerTimeoutMs = 12_000
/** For a request that does not wait: time for it to be handled before the next step. */
const headStartMs = 40

/** Answers in the order of the steps; steps that are no requests have no outcome. */
export async function play(steps: readonly Step[], port: number): Promise<Played> {
  const player = new Player(port)
  try {
    for (const step of steps) await player.play(step)
    return { outcomes: await player.finish(), world: player.world }
  } finally {
    player.destroy()
  }
}

class Player {
  readonly world = new World()
  readonly #port: number
  readonly #connections = new Map<number, Connection>()
  readonly #outcomes: Promise<Outcome>[] = []
  #nextCorrelationId = 1

  constructor(port: number) {
    this.#port = port
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'request':
        return this.#ask(step)
      case 'disconnect':
        this.#connections.get(step.connection)?.destroy()
        this.#connections.delete(step.connection)
        return
      case 'pause':
        await sleep(step.ms)
        return
      case 'gather':
        await Promise.race([Promise.all(this.#outcomes), sleep(step.forAtMostMs, undefined, { ref: false })])
        return
    }
  }

  finish(): Promise<Outcome[]> {
    return Promise.all(this.#outcomes)
  }

  destroy(): void {
    for (const connection of this.#connections.values()) connection.destroy()
  }

  async #ask(step: RequestStep): Promise<void> {
    const outcome = this.#exchange(step, step.connection).then(({ body, answer }) => ({ step, body, answer }))
    this.#outcomes.push(outcome)
    if (!step.waits) {
      await sleep(headStartMs)
      return
    }
    await outcome
    await this.#settle()
  }

  async #exchange(step: RequestStep, connectionId: number): Promise<{ body: unknown; answer: unknown }> {
    const correlationId = this.#nextCorrelationId++
    const { body, frame } = step.encode(this.world, correlationId)
    const connection = this.#connection(connectionId)
    const answered = step.expectsAnswer ? connection.answer(correlationId, answerTimeoutMs) : null
    connection.send(frame)
    if (answered === null) return { body, answer: 'none expected' }
    return { body, answer: this.#read(step, await answered) }
  }

  #read(step: RequestStep, answer: Answer): unknown {
    if (typeof answer === 'string') return answer
    let decoded: unknown
    try {
      decoded = step.decode(answer)
    } catch (error) {
      return `undecodable: ${error instanceof Error ? error.message : error}: ${answer.toString('hex')}`
    }
    step.learn(decoded, this.world)
    return decoded
  }

  #connection(id: number): Connection {
    const open = this.#connections.get(id)
    if (open !== undefined && !open.closed) return open
    const connection = new Connection(this.#port)
    this.#connections.set(id, connection)
    return connection
  }

  /** Waits until the broker shows, and serves, what it has answered; Kafka applies metadata a moment after the answer. */
  async #settle(): Promise<void> {
    for (const expectation of this.world.takeExpectations()) {
      const deadline = performance.now() + answerTimeoutMs
      while (!(await this.#shows(expectation)) && performance.now() < deadline) await sleep(10)
    }
  }

  async #shows({ topic, partitions }: Expectation): Promise<boolean> {
    const metadata = await this.#hidden(
      ask({ request: metadataRequest, response: metadataResponse }, 12, () => ({
        topics: [{ name: topic }],
        allowAutoTopicCreation: false,
      })),
    )
    const shown = (metadata as MetadataResponse | null)?.topics[0]
    if (shown === undefined) return false
    if (partitions === null) return shown.errorCode === 3
    if (shown.errorCode !== 0 || shown.partitions.length < partitions) return false
    this.world.learnTopicId(topic, shown.topicId)
    const offsets = await this.#hidden(
      ask({ request: listOffsetsRequest, response: listOffsetsResponse }, 7, () => ({
        replicaId: -1,
        topics: [
          {
            name: topic,
            partitions: shown.partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: -1 })),
          },
        ],
      })),
    )
    const answers = (offsets as { topics: { partitions: { errorCode: number }[] }[] } | null)?.topics[0]?.partitions
    return answers?.every(answer => answer.errorCode === 0) ?? false
  }

  /** A request of the player's own, on a connection of its own; null when it was not answered. */
  async #hidden(step: RequestStep): Promise<unknown> {
    const { answer } = await this.#exchange(step, -1)
    return typeof answer === 'string' ? null : answer
  }
}
