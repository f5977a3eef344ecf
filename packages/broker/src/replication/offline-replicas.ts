import type { OfflineReplica } from '../core/cluster/failover.ts'
import type { Controller } from '../metadata/controller.ts'
import { MetadataStoreError } from '../metadata/metadata-store.ts'

/**
 * Tells the controller of replicas of this broker that have no disk. Each is asked for once at a time, however many followers
 * fetch in vain meanwhile; who is not answered, since the store fails, asks again by itself.
 */
export class OfflineReplicas {
  readonly #controller: Pick<Controller, 'giveUpReplica'>
  /** Under way: topic id, index and leader epoch. */
  readonly #asked = new Set<string>()

  constructor(controller: Pick<Controller, 'giveUpReplica'>) {
    this.#controller = controller
  }

  /** Nobody waits for it: it is done when the image that shows it is applied. */
  giveUp(replica: OfflineReplica): void {
    const key = `${replica.topicId}/${replica.index}/${replica.leaderEpoch}`
    if (this.#asked.has(key)) return
    this.#asked.add(key)
    void this.#ask(replica).finally(() => this.#asked.delete(key))
  }

  async #ask(replica: OfflineReplica): Promise<void> {
    try {
      await this.#controller.giveUpReplica(replica)
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error
    }
  }
}
