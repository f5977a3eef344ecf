/** What Kafka's tools may say differently of two log directories on Odradek, each with the reason. The list is complete. */
import type { AllowedDifference } from './expected-differences.ts'

export const allowedDirectoryDifferences: readonly AllowedDifference[] = [
  {
    command: /^log-dirs .* moved$/,
    reason: 'how many batches a producer makes of many records depends on the time',
    isByChance: true,
    rewrite: output => output.replace(/"size":40\d{5},/, '"size":<n>,'),
  },
  {
    command: /^log-dirs --describe --broker-list 1 --topic-list moved$/,
    reason:
      'under a limit Kafka copies a megabyte and waits, so that a low limit does not hold; Odradek copies no more than a second may take, or one batch',
    rewrite: output =>
      output.replace(/"size":\d+,"offsetLag":[1-9]\d*,"isFuture":true/, '"size":<n>,"offsetLag":<n>,"isFuture":true'),
  },
]
