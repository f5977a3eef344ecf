/**
 * What may differ between Kafka and Odradek, each with the reason. Left is Kafka. The list is complete: what is not here
 * has to be equal. (What has no counterpart by nature, such as ids, clock readings and error texts, is dealt with by the
 * normaliser.)
 */
export interface DifferenceContext {
  readonly version: number
  readonly path: string
  readonly left: unknown
  readonly right: unknown
  /** The request as Kafka got it. */
  readonly body: unknown
  readonly leftAnswer: unknown
  readonly rightAnswer: unknown
}

export interface AllowedDifference {
  readonly api: string
  /** Of the field in the answer. */
  readonly path: RegExp
  readonly reason: string
  /** Narrows it further. */
  readonly only?: (difference: DifferenceContext) => boolean
}

export const allowedDifferences: readonly AllowedDifference[] = [
  {
    api: 'DescribeQuorum',
    path: /^nodes\[0\]\.listeners\[0\]\.name$/,
    reason: 'Odradek has no listener for controllers alone: the quorum is reached where everything is',
  },
]
