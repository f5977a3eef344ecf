import type { Controller } from './controller.ts'
import { MetadataStoreError } from './metadata-store.ts'

/**
 * Hands out producer ids, one block after another; above those that the logs know, which may be another cluster's: a
 * partition's directory can be moved here, and a producer with an id of its old producers would be taken for one of them.
 */
export class ProducerIds {
  readonly #controller: Pick<Controller, 'allocateProducerIds'>
  readonly #highestKnown: () => number
  #next = 0
  #end = 0
  /** While the next block is under way. */
  #allocating: Promise<void> | null = null

  constructor(controller: Pick<Controller, 'allocateProducerIds'>, highestKnown: () => number = () => -1) {
    this.#controller = controller
    this.#highestKnown = highestKnown
  }

  /** Takes a block before anybody asks, so that producers can start while the store is out of reach. Resolves in any case. */
  async takeAhead(): Promise<void> {
    try {
      if (this.#next === this.#end) await this.#refill()
    } catch (error) {
      // The controller has logged it, and whoever needs an id tries again.
      if (!(error instanceof MetadataStoreError)) throw error
    }
  }

  /** Rejects with MetadataStoreError when no block can be had. */
  async next(): Promise<number> {
    while (this.#next === this.#end) await this.#refill()
    return this.#next++
  }

  #refill(): Promise<void> {
    this.#allocating ??= this.#allocate()
    return this.#allocating
  }

  async #allocate(): Promise<void> {
    try {
      const { first, length } = await this.#controller.allocateProducerIds(this.#highestKnown() + 1)
      this.#next = first
      this.#end = first + length
    } finally {
      this.#allocating = null
    }
  }
}
