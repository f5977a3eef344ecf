/** Seeds that have failed once, each with what it proved; they are run by the tests for ever. */
import type { Replay } from './replay.ts'

export interface KnownSeed extends Replay {
  readonly proved: string
}

export const knownSeeds: readonly KnownSeed[] = [
  {
    seed: 1,
    intensity: 1,
    durationMs: 14_000,
    proved:
      'partition.metadata was never synced: after a power loss a replica had records, and no id that said of which topic they were',
  },
  {
    seed: 10,
    intensity: 1,
    proved:
      "a follower whose leader's log begins within a batch was sent that batch again and again, refused it each time, and never came into sync",
  },
  {
    seed: 5049,
    intensity: 2,
    durationMs: 20_000,
    proved:
      'a partition lost its leader while its only in-sync replica was about to stop, so that nobody remembered who had led; when that one did not stop cleanly, nobody could ever lead again',
  },
  {
    seed: 104544,
    intensity: 1,
    proved:
      'a follower whose disk failed as it cut its log back went on to say that it had what it had had before, and its next leader acknowledged that',
  },
  {
    seed: 104146,
    intensity: 1,
    proved:
      'a log that had lost the id of its topic with the power was taken for that of the next topic of its name, records and all',
  },
  {
    seed: 131599,
    intensity: 1,
    proved:
      'with flush.messages a leader that became a follower said at once that it had what it had not synced yet, and lost it with the power when it had been acknowledged',
  },
  {
    seed: 153932,
    intensity: 1,
    proved:
      'a follower cut back a later epoch, took the batches of an earlier one in its place, and was killed: it remembered the later one, and told another follower that what that one had of it was the same',
  },
  {
    seed: 164949,
    intensity: 1,
    proved:
      "a follower that ended where its leader's log begins, in an epoch that was never committed, was not found out: the leader had forgotten that its own epoch there had begun before",
  },
  {
    seed: 242558,
    intensity: 1,
    proved:
      'the last batch had all but its base offset, which no checksum covers, when the power was back: the checkers took it for the end of the log, the broker cuts it off',
  },
  {
    seed: 244405,
    intensity: 1,
    proved:
      'a broker that started again took its own last registration for that of another one, and ended, since it had not heard of its end while it was cut off from the store',
  },
]
