/** What the generators of one sequence share: its choices, its names, and its picture of what exists by then. */
import type { Random } from '../random.ts'
import { type Api, ask, type RequestOptions, type RequestStep, type Step } from '../step.ts'
import type { World } from '../world.ts'

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
}

export interface Scope {
  readonly random: Random
  /** In front of every name, so that sequences that are played at once do not meet. */
  readonly prefix: string
  /** Topics that exist when the sequence goes as planned. */
  readonly topics: TopicPlan[]
  /** The next sequence number by producer label, topic and partition. */
  readonly sequences: Map<string, number>
}

export type Generator = (scope: Scope) => Step[]

export function versionOf<Q, A>({ random }: Scope, { request }: Api<Q, A>): number {
  const [least, greatest] = request.versions
  return random.chance(0.3) ? greatest : random.int(least, greatest)
}

/** Asks in some version; the body may depend on it. */
export function askAny<Q, A>(
  scope: Scope,
  api: Api<Q, A>,
  body: (version: number) => (world: World) => Q,
  options?: RequestOptions<A>,
): RequestStep {
  const version = versionOf(scope, api)
  return ask(api, version, body(version), options)
}

/** The name of a topic of the sequence, or now and then of one that is not there. */
export function someTopic({ random, topics, prefix }: Scope): string {
  const known = random.pick(
    nonEmpty(
      topics.map(topic => topic.name),
      `${prefix}missing`,
    ),
  )
  return random.mostly(known, [`${prefix}missing`], 0.9)
}

export function somePartition({ random, topics }: Scope, topic: string): number {
  const partitions = topics.find(plan => plan.name === topic)?.partitions ?? 1
  return random.mostly(random.int(0, partitions - 1), [-1, partitions, 99], 0.9)
}

export function nonEmpty<T>(values: readonly T[], otherwise: T): readonly [T, ...T[]] {
  const [first = otherwise, ...rest] = values
  return [first, ...rest]
}
