import type { OpenLog } from './open-log.ts'

/** What a log has left behind in the directory that it has moved away from: reads and syncs of it may still be under way. */
export class LeftFiles {
  readonly directory: string
  readonly #open: OpenLog

  constructor(directory: string, open: OpenLog) {
    this.directory = directory
    this.#open = open
  }

  /** No sync needs the old names any more. */
  idle(): Promise<void> {
    return this.#open.flush.flusher.idle()
  }

  /** The directory has been renamed: whoever still reads finds it there. */
  moveTo(directory: string): void {
    for (const segment of this.#open.loaded.segments.all) segment.moveTo(directory)
  }
}
