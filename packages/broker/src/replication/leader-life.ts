import { ConnectionError } from '@odradek/client'
import { NetworkError } from '@odradek/platform'

/** One refusal can be a moment's, two in a row are not. */
const refusalsMin = 2
/** Behind the connection that breaks, behind each refusal but the last, and one to spare. */
const soonMax = refusalsMin + 1

export type LeaderVerdict =
  /** Worth asking again at once: it was there a moment ago. */
  | 'ask soon'
  | 'ask later'
  /** Said once. */
  | 'ended'

/**
 * Tells the end of a leader's process from all else that breaks a connection, long before its lease ends. The host of a process
 * that has ended resets its connections and refuses new ones; a process that is slow, paused or cut off, and a host without
 * power, refuse nothing. So a leader has ended when it answered in its present registration, and is refused again and again since.
 *
 * A firewall can refuse in the name of a process that lives. Then that one loses its registration and registers anew, once: in
 * its new registration it has never answered here.
 */
export class LeaderLife {
  /** The leader's broker epoch when it last answered. */
  #answeredIn: number | null = null
  #refusals = 0
  #soonLeft = 0

  answered(brokerEpoch: number | null): void {
    this.#answeredIn = brokerEpoch
    this.#refusals = 0
    this.#soonLeft = soonMax
  }

  /** `brokerEpoch`: of the leader's present registration, null where it has none. */
  failed(error: unknown, brokerEpoch: number | null): LeaderVerdict {
    this.#refusals = isRefusal(error) ? this.#refusals + 1 : 0
    if (!(error instanceof ConnectionError) || brokerEpoch === null || brokerEpoch !== this.#answeredIn)
      return 'ask later'
    if (this.#refusals >= refusalsMin) {
      this.#answeredIn = null
      return 'ended'
    }
    return this.#soonLeft-- > 0 ? 'ask soon' : 'ask later'
  }
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof ConnectionError)) return false
  return error.cause instanceof NetworkError && error.cause.kind === 'refused'
}
