/**
 * The marker of a clean stop, in Kafka's form. Where a broker has several log directories, each marker names them all: who
 * finds one missing at the next start knows that its logs are missing, too.
 */

export function formatCleanShutdown(directoryIds: readonly string[]): string {
  const marker = { version: 0, brokerEpoch: -1 }
  return JSON.stringify(directoryIds.length > 1 ? { ...marker, directories: directoryIds } : marker)
}

/** The directories that it names. Kafka's marker names none, nor does an old one of ours. */
export function parseCleanShutdown(text: string | null): string[] {
  try {
    const { directories } = JSON.parse(text ?? '{}')
    return Array.isArray(directories) ? directories.filter(id => typeof id === 'string') : []
  } catch {
    return []
  }
}
