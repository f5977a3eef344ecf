import type { OfflineReplica } from '../core/cluster/failover.ts'
import type { Controller } from '../metadata/controller.ts'
import { MetadataStoreError } from '../metadata/metadata-store.ts'

/**
 * Tells the controller of replicas of this broker that have no disk: of all that a disk has failed, in a few calls; of each once at a
 * time, however many followers fetch in vain meanwhile. Who is not answered, since the store fails, asks again by itself.
 */
export class OfflineReplicas {
  readonly #controller: Pick<Controller, 'giveUpReplicas'>
  readonly #whenShown: () => Promise<void>
  /** Waiting, or under way. */
  readonly #asked = new Set<string>()
  #waiting: OfflineReplica[] = []
  #isBusy = false

  /** `whenShown`: the controller decides on the image on which they are asked for, which may still be being applied. */
  constructor({
    controller,
    whenShown,
  }: {
    controller: Pick<Controller, 'giveUpReplicas'>
    whenShown: () => Promise<void>
  }) {
    this.#controller = controller
    this.#whenShown = whenShown
  }

  /** Nobody waits for it: it is done when the image that shows it is applied. */
  giveUp(replica: OfflineReplica): void {
    const key = keyOf(replica)
    if (this.#asked.has(key)) return
    this.#asked.add(key)
    this.#waiting.push(replica)
    if (!this.#isBusy) void this.#handOn()
  }

  async #handOn(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      await this.#whenShown()
      const group = this.#waiting
      this.#waiting = []
      await this.#ask(group)
      for (const replica of group) this.#asked.delete(keyOf(replica))
    }
    this.#isBusy = false
  }

  async #ask(group: readonly OfflineReplica[]): Promise<void> {
    try {
      await this.#controller.giveUpReplicas(group)
    } catch (error) {
      if (!(error instanceof MetadataStoreError)) throw error
    }
  }
}

function keyOf({ topicId, index, leaderEpoch }: OfflineReplica): string {
  return `${topicId}/${index}/${leaderEpoch}`
}
