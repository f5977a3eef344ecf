/** What a log line may carry besides its message. An Error under `error` is written with its stack and cause. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where the broker's log lines go. A message is a sentence without values; the values are fields. */
export interface Logger {
  /** Off by default. Ask `debugEnabled` first where the fields cost something to build. */
  readonly debugEnabled: boolean
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Says nothing: the default of an embedded broker. */
export const silentLogger: Logger = {
  debugEnabled: false,
  debug() {},
  info() {},
  warn() {},
  error() {},
}
