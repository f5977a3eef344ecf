import type { Controller } from './controller.ts'

/** Hands out producer ids, one block after another. */
export class ProducerIds {
  readonly #controller: Pick<Controller, 'allocateProducerIds'>
  #next = 0
  #end = 0
  /** While the next block is under way. */
  #allocating: Promise<void> | null = null

  constructor(controller: Pick<Controller, 'allocateProducerIds'>) {
    this.#controller = controller
  }

  /** Rejects with MetadataStoreError when no block can be had. */
  async next(): Promise<number> {
    while (this.#next === this.#end) {
      this.#allocating ??= this.#allocate()
      await this.#allocating
    }
    return this.#next++
  }

  async #allocate(): Promise<void> {
    try {
      const { first, length } = await this.#controller.allocateProducerIds()
      this.#next = first
      this.#end = first + length
    } finally {
      this.#allocating = null
    }
  }
}
