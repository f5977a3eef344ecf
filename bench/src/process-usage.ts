/** What the kernel says of a process: the processor time it has used, the memory it holds. */
import { readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second for every process that asks through /proc. */
const ticksPerSecond = 100

/** Seconds of processor time since the process began, of all its threads, in user and kernel mode. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses and may hold anything; user time is the 12th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory in MB of a million bytes. */
export function residentMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (found === null) throw new Error(`/proc/${pid}/status has no VmRSS`)
  return (Number(found[1]) * 1024) / 1e6
}
