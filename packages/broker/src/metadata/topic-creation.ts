import { errorCodes } from '@odradek/protocol'
import type { Controller } from './controller.ts'
import type { InternalTopic } from './internal-topics.ts'
import { MetadataStoreError, StoreUnreachableError } from './metadata-store.ts'

/** Creates topics because somebody asked for them, at most once each at a time. */
export class TopicCreation {
  readonly #controller: Pick<Controller, 'createTopics' | 'createInternalTopic'>
  readonly #underWay = new Map<string, Promise<number>>()

  constructor(controller: Pick<Controller, 'createTopics' | 'createInternalTopic'>) {
    this.#controller = controller
  }

  /** Resolves once they are served; the answer has the error codes of those that could not be created. */
  async createMissing(names: readonly string[]): Promise<Map<string, number>> {
    const problems = new Map<string, number>()
    await Promise.all(
      names.map(async name => {
        const errorCode = await this.#createOnce(name)
        if (errorCode !== errorCodes.NONE && errorCode !== errorCodes.TOPIC_ALREADY_EXISTS)
          problems.set(name, errorCode)
      }),
    )
    return problems
  }

  #createOnce(name: string): Promise<number> {
    const known = this.#underWay.get(name)
    if (known !== undefined) return known
    const creation = this.#create(name).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, creation)
    return creation
  }

  async #create(name: string): Promise<number> {
    try {
      return await this.#createNow(name)
    } catch (error) {
      // The topic may be there soon. Of all that says so, this is what clients have always met where topics come by being used.
      if (error instanceof StoreUnreachableError) return errorCodes.LEADER_NOT_AVAILABLE
      if (error instanceof MetadataStoreError) return errorCodes.KAFKA_STORAGE_ERROR
      throw error
    }
  }

  async #createNow(name: string): Promise<number> {
    const internal = internalTopics[name]
    if (internal !== undefined) return (await this.#controller.createInternalTopic(internal)).errorCode
    const request = { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }
    const [created] = await this.#controller.createTopics([request])
    return created?.outcome.errorCode ?? errorCodes.UNKNOWN_SERVER_ERROR
  }
}

const internalTopics: Readonly<Record<string, InternalTopic>> = { __consumer_offsets: '__consumer_offsets' }
