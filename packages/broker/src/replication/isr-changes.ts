import { errorCodes } from '@odradek/protocol'
import type { Controller } from '../metadata/controller.ts'
import type { Membership } from '../metadata/membership.ts'
import { MetadataStoreError } from '../metadata/metadata-store.ts'
import type { IsrOutcome, IsrProposal } from './partition-leader.ts'

interface Waiting {
  readonly proposal: IsrProposal
  readonly resolve: (outcome: IsrOutcome) => void
}

/** Hands the proposals of all partitions to the controller: what comes while some are under way goes with the next call. */
export class IsrChanges {
  readonly #controller: Pick<Controller, 'alterPartitions'>
  readonly #membership: Pick<Membership, 'epoch'>
  readonly #brokerId: number
  #waiting: Waiting[] = []
  #isBusy = false

  constructor(options: {
    controller: Pick<Controller, 'alterPartitions'>
    membership: Pick<Membership, 'epoch'>
    brokerId: number
  }) {
    this.#controller = options.controller
    this.#membership = options.membership
    this.#brokerId = options.brokerId
  }

  propose(proposal: IsrProposal): Promise<IsrOutcome> {
    return new Promise(resolve => {
      this.#waiting.push({ proposal, resolve })
      if (!this.#isBusy) void this.#handOn()
    })
  }

  async #handOn(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      const outcomes = await this.#ask(group.map(({ proposal }) => proposal))
      for (const [index, { resolve }] of group.entries()) resolve(outcomes?.[index] ?? 'unknown')
    }
    this.#isBusy = false
  }

  /** Null where the store has not answered. */
  async #ask(proposals: readonly IsrProposal[]): Promise<IsrOutcome[] | null> {
    const [brokerId, brokerEpoch] = [this.#brokerId, this.#membership.epoch]
    try {
      const altered = await this.#controller.alterPartitions(
        proposals.map(({ topicId, index: partitionIndex, leaderEpoch, partitionEpoch, isr: newIsr, isInDoubt }) => {
          const place = { topicId, partitionIndex, leaderEpoch, partitionEpoch }
          return { brokerId, brokerEpoch, ...place, newIsr, isInDoubt, leaderRecoveryState: 'recovered' as const }
        }),
      )
      return altered.map(({ errorCode }) => (errorCode === errorCodes.NONE ? 'committed' : 'refused'))
    } catch (error) {
      if (error instanceof MetadataStoreError) return null
      throw error
    }
  }
}
