import { errorMessage, errorName, isRetriable } from '@odradek/protocol'

/** A broker answered with an error code. */
export class KafkaError extends Error {
  /** As in Kafka's protocol, never 0. */
  readonly code: number
  /** The code's name, such as 'UNKNOWN_TOPIC_OR_PARTITION'. */
  readonly codeName: string
  readonly retriable: boolean

  /** The text is the broker's where it sent one, else what the code means. */
  constructor(code: number, text: string | null = null) {
    super(text || errorMessage(code))
    this.name = 'KafkaError'
    this.code = code
    this.codeName = errorName(code)
    this.retriable = isRetriable(code)
  }

  /** Throws unless the code is 0. */
  static check(code: number, text: string | null = null): void {
    if (code !== 0) throw new KafkaError(code, text)
  }
}

/** No answer came: the connection could not be made, broke, or took too long. The request may have been carried out. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}

/** A ConnectionError that no other broker can help with: none can be reached, or the one that was asked for does not run. */
export class NoBrokerError extends ConnectionError {}
