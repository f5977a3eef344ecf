import { errorCodes, errorName, fetchRequest, fetchResponse } from '@odradek/protocol'
import { type Client, isPassing } from '../client.ts'
import { Violation } from '../verdict.ts'
import { newClient, type World } from '../world.ts'

/** What a fetch has brought; null: nothing, ask again. */
export interface Fetched {
  readonly topicId: string
  readonly records: Buffer
  readonly highWatermark: number
  /** Behind the records; or where there may be some again, where those that were asked for have been deleted. */
  readonly goOnAt: number
}

/** One fetch of a consumer, at the leader that it knows of. What it is given goes into the ledger. */
export async function fetchOnce(
  { ledger }: World,
  client: Client,
  at: { readonly topic: string; readonly partition: number; readonly offset: number; readonly maxWaitMs: number },
): Promise<Fetched | null> {
  const { topic, partition, offset, maxWaitMs } = at
  const leader = client.leader(topic, partition) ?? (await client.findLeader(topic, partition))
  if (leader === null) return null
  const { topicId, epoch, broker } = leader
  const answer = await client.attempt(() =>
    client.ask(broker, fetchRequest, fetchResponse, {
      maxWaitMs,
      minBytes: 1,
      maxBytes: 200_000,
      topics: [
        {
          topic,
          topicId,
          partitions: [{ partition, currentLeaderEpoch: epoch, fetchOffset: offset, partitionMaxBytes: 50_000 }],
        },
      ],
    }),
  )
  const found = answer?.responses[0]?.partitions[0]
  const errorCode = found?.errorCode ?? answer?.errorCode ?? errorCodes.NETWORK_EXCEPTION
  if (found !== undefined && errorCode === errorCodes.NONE) {
    const records = found.records ?? Buffer.alloc(0)
    ledger.sawHighWatermark(topicId, partition, found.highWatermark)
    const goOnAt = ledger.read(topicId, partition, offset, records)
    if (goOnAt > offset) ledger.readIn(topicId, partition, epoch)
    return { topicId, records, highWatermark: found.highWatermark, goOnAt }
  }
  if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE && offset < ledger.deletedTo(topicId, partition)) {
    return { topicId, records: Buffer.alloc(0), highWatermark: -1, goOnAt: ledger.deletedTo(topicId, partition) }
  }
  const isOfLater = epoch >= ledger.lastEpochOfReads(topicId, partition)
  if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE && isOfLater && offset <= ledger.readTo(topicId, partition)) {
    // The leader is of an epoch in which, or after which, all below the offset was committed. One of an earlier epoch may not know
    // yet that another leads; clients that know, by what they have read and by the epochs of committed offsets, do not ask it.
    const where = `${topic}-${partition} at broker ${broker}, epoch ${epoch}`
    throw new Violation('high watermark', `${where}: offset ${offset} is out of range; readers have been behind it`)
  }
  if (!isPassing(errorCode) && errorCode !== errorCodes.OFFSET_OUT_OF_RANGE) {
    throw new Violation('readers', `${topic}-${partition} at broker ${broker}: ${errorName(errorCode)}`)
  }
  await client.findLeader(topic, partition)
  return null
}

/** Reads one partition from its start, for as long as it goes on; now and then something again that it has read before. */
export class Reader {
  readonly #world: World
  readonly #client: Client
  readonly #topic: string
  readonly #partition: number
  offset = 0
  topicId: string | null = null

  constructor(world: World, { topic, partition }: { topic: string; partition: number }) {
    this.#world = world
    this.#client = newClient(world, `reader of ${topic}-${partition}`)
    this.#topic = topic
    this.#partition = partition
  }

  async run(): Promise<void> {
    while (!this.#isDone()) {
      const { random } = this.#client
      const isAgain = this.offset > 0 && random.chance(0.1)
      const offset = isAgain ? random.integer(this.offset) : this.offset
      const at = { topic: this.#topic, partition: this.#partition, offset, maxWaitMs: 500 }
      const fetched = await fetchOnce(this.#world, this.#client, at)
      if (fetched === null) {
        await this.#client.sleep(100)
        continue
      }
      this.topicId = fetched.topicId
      this.offset = Math.max(this.offset, this.#world.ledger.readTo(fetched.topicId, this.#partition))
      await this.#client.sleep(random.pick([10, 100, 300]))
    }
  }

  /** At the end it has to reach all that was acknowledged, and all that anybody was told to be committed. */
  #isDone(): boolean {
    if (!this.#world.isClosing() || this.topicId === null) return false
    const { ledger } = this.#world
    const end = Math.max(
      ledger.acknowledgedTo(this.topicId, this.#partition),
      ledger.highWatermark(this.topicId, this.#partition),
    )
    return this.offset >= end
  }
}
