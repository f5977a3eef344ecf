/** What Kafka's tools may say differently on Odradek, each with the reason. The list is complete: all else has to be equal. */

export interface AllowedDifference {
  /** Of the command line, as the script has it. */
  readonly command: RegExp
  readonly reason: string
  /** Takes the difference out of what a tool said (either output) on either broker. */
  rewrite(output: string): string
}

export const allowedDifferences: readonly AllowedDifference[] = []
