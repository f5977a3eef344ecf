/** What Kafka's tools may say differently on Odradek, each with the reason. The list is complete: all else has to be equal. */

interface Difference {
  /** Of the command line, as the script has it. */
  readonly command: RegExp
  readonly reason: string
}

/** A difference that can be taken out of the output (either one, of either broker), so that the rest is compared. */
interface PartialDifference extends Difference {
  rewrite(output: string): string
}

/** A command that does something else: what Odradek says to it has to match. */
interface WholeDifference extends Difference {
  readonly odradekSays: RegExp
}

export type AllowedDifference = PartialDifference | WholeDifference

export const allowedDifferences: readonly AllowedDifference[] = []
