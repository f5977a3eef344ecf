/** Takes out of a tool's output what cannot be the same twice: addresses, ids, clock readings, names of files. */
import type { StepResult } from './play.ts'

export interface NormalOutput {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const replacements: readonly (readonly [RegExp, string | ((match: string, ...groups: string[]) => string)])[] = [
  // Where an exception came from in the tool's own code.
  [/^\t+at .*\n/gm, ''],
  [/^\t+\.\.\. \d+ (?:more|common frames omitted)\n/gm, ''],
  [/(?<=[Tt]opicId"?[:=] ?"?)[\w-]{22}/g, '<id>'],
  [/(?<=Cluster ?I[dD]: +)[\w-]{22}$/gm, '<id>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>'],
  // A Kafka uuid: 22 characters of base64url, told from words by having capitals, small letters and digits.
  [/(?<![\w.-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{22}(?![\w.-])/g, '<id>'],
  // Milliseconds since 1970, from 2017 on.
  [/\b1[5-9]\d{11}\b/g, '<ms>'],
  [/\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[:.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b((?:adminclient|producer|console-share-consumer)-)\d+\b/g, '$1<n>'],
  [/\b(consumer-[\w.]+-)\d+\b/g, '$1<n>'],
  // The port as a column of its own; that of another listener.
  [/(?<=^\d+ +127\.0\.0\.1 )\d+/gm, '<port>'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>'],
  [/\b\d+ ms ago/g, '<n> ms ago'],
  // Option sets in the order of their hash codes in memory.
  [/\[(\[[\w-]+\](?:, \[[\w-]+\])+)\]/g, (_, sets = '') => `[${sets.split(', ').sort().join(', ')}]`],
  [/(?<=Valid (?:states|types) are: |takes one of these options: ).*/g, list => list.split(', ').sort().join(', ')],
  [/\b(console-consumer-|perf-consumer-)\d+\b/g, '$1<n>'],
  [/(correlation id )\d+/g, '$1<n>'],
  // What a client was about when its time was over.
  [/(?<=TimeoutException: ).*/g, '<waiting>'],
  [/Call\(.*?\) timed out at <ms> after \d+ attempt\(s\)/g, '<waiting>'],
  // Two threads of a consumer ask for metadata, as it comes.
  [/^\[kafka-coordinator-heartbeat-thread \| [^\]]+\] WARN/gm, '[main] WARN'],
  // How often a client says the same while it waits depends on the time.
  [/^(\[.*\n)\1+/gm, '$1'],
  // How often a tool reports, too.
  [/^(<time>: max lag is .*\n)\1+/gm, '$1'],
  // Formatters that end no line.
  [/\}(?=\{"key":)/g, '}\n'],
  // How long its producer took to fill it is in the size of a batch: in the lengths of its records' times.
  [/^(baseOffset: \d+ lastOffset: \d+ count: (?!1 )\d+ .* size: )\d+/gm, '$1<n>'],
  [/^(baseOffset: .* position: )(?!0 )\d+/gm, '$1<n>'],
  // The checksum of what has a time in it.
  [/(?<=\bcrc: )\d+/g, '<crc>'],
  // The directories of a broker in the order of the hash codes of their paths.
  [/^\{"brokers":.*"logDirs":.*$/gm, withSortedDirectories],
  // The speed of the perf tools.
  [/^(\d+ records sent), .*$/gm, '$1, <speed>'],
  [/^(\S+-metrics:.*\}) *: .*$/gm, '$1 : <n>'],
  [/^<time>, <time>, ([\d.]+), [\d.]+, (\d+), .*$/gm, '<time>, <time>, $1, <speed>, $2, <speed>'],
  [/^<time>, 0, .*$/gm, '<progress>'],
  [/^(\d+)\t[\d.E-]+$/gm, '$1\t<ms>'],
  [/^Avg latency: .*$/gm, 'Avg latency: <ms>'],
  [/^Percentiles: .*$/gm, 'Percentiles: <ms>'],
  [/(?<="avg_throughput":)[\d.]+/g, '<n>'],
]

export function normalise(result: StepResult, variables: ReadonlyMap<string, string>): NormalOutput {
  const text = (output: string) => {
    let normal = output
    // The longest first: one directory may lie in another.
    for (const [name, value] of [...variables].sort(([, a], [, b]) => b.length - a.length)) {
      normal = normal.replaceAll(value, `$${name}`)
    }
    for (const [pattern, replacement] of replacements) {
      normal =
        typeof replacement === 'string' ? normal.replace(pattern, replacement) : normal.replace(pattern, replacement)
    }
    normal = withProducersInOrder(normal)
    return result.sorted ? normal.split('\n').sort().join('\n') : normal
  }
  return { status: result.status, stdout: text(result.stdout), stderr: text(result.stderr) }
}

/**
 * Producers as numbers in the order of their appearance: one that ends before it has sent anything may or may not have
 * taken an id, which moves those of all later ones.
 */
function withProducersInOrder(output: string): string {
  const numbers = new Map<string, number>()
  return output.replace(/(?<=\bproducerId: )\d+|^\d+ *(?=\t\d+ *\t-?\d+ *\t\d+ *\t<ms>\t)/gm, column => {
    const id = column.trimEnd()
    const number = numbers.get(id) ?? numbers.size
    numbers.set(id, number)
    return `<producer ${number}>`
  })
}

function withSortedDirectories(json: string): string {
  const said: { brokers: { logDirs: { logDir: string }[] }[] } = JSON.parse(json)
  for (const { logDirs } of said.brokers) logDirs.sort((a, b) => a.logDir.localeCompare(b.logDir))
  return JSON.stringify(said)
}
