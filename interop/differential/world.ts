/**
 * What one broker has told during one sequence: ids that it made up itself. Requests that need one ask here while they
 * are played, so the same generated sequence fits both brokers; the normaliser turns the ids back into names.
 */
import { createHash } from 'node:crypto'
import { zeroUuid } from '@odradek/protocol'

export interface Member {
  readonly memberId: string
  readonly generationId: number
}

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

/** What the metadata has to show before the next step: brokers apply an answered change a moment later. */
export interface Expectation {
  readonly topic: string
  /** Null: the topic has to be gone. */
  readonly partitions: number | null
}

export class World {
  readonly #topicIds = new Map<string, string>()
  readonly #members = new Map<string, Member>()
  readonly #producers = new Map<string, Producer>()
  /** Members of a group as its leader was last told. */
  readonly #rosters = new Map<string, readonly string[]>()
  readonly #expectations: Expectation[] = []
  readonly #names = new Map<string, string>()
  fetchSessionId = 0

  /** Of a topic that is not there, an id that is nobody's. */
  topicId(topic: string): string {
    const known = this.#topicIds.get(topic)
    if (known !== undefined) return known
    const nobodys = createHash('sha256').update(topic).digest().subarray(0, 16).toString('base64url')
    this.#name(nobodys, `no-topic-id-of-${topic}`)
    return nobodys
  }

  learnTopicId(topic: string, topicId: string): void {
    if (topicId === zeroUuid) return
    this.#topicIds.set(topic, topicId)
    this.#name(topicId, `topic-id-of-${topic}`)
  }

  member(label: string): Member {
    return this.#members.get(label) ?? { memberId: '', generationId: -1 }
  }

  learnMember(label: string, member: Member): void {
    if (member.memberId === '') return
    this.#members.set(label, member)
    this.#name(member.memberId, `member-${label}`)
  }

  producer(label: string): Producer {
    return this.#producers.get(label) ?? { producerId: -1, producerEpoch: -1 }
  }

  learnProducer(label: string, producer: Producer): void {
    if (producer.producerId < 0) return
    this.#producers.set(label, producer)
    this.#name(String(producer.producerId), `producer-${label}`)
  }

  roster(group: string): readonly string[] {
    return this.#rosters.get(group) ?? []
  }

  learnRoster(group: string, memberIds: readonly string[]): void {
    if (memberIds.length > 0) this.#rosters.set(group, memberIds)
  }

  expect(expectation: Expectation): void {
    this.#expectations.push(expectation)
  }

  takeExpectations(): Expectation[] {
    return this.#expectations.splice(0)
  }

  /** The name under which the sequence knows an id, or null for an id that no step has learned. */
  nameOf(id: string): string | null {
    return this.#names.get(id) ?? null
  }

  /** An owner that gets a second id keeps both apart: `member-a`, `member-a-2`. */
  #name(id: string, name: string): void {
    if (this.#names.has(id)) return
    const former = [...this.#names.values()].filter(other => other.startsWith(name)).length
    this.#names.set(id, former === 0 ? name : `${name}-${former + 1}`)
  }
}
