/** Ports for broker processes, which must keep theirs over a restart. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below the range from which the kernel takes ports for outgoing connections: while a broker is down, a reconnecting
// client could otherwise be given the very port that the broker is about to listen on again.
const first = 10_000
const last = 28_000

/** Nobody may listen yet on one that was given out, or only in another network namespace. */
const given = new Set<number>()

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(first, last)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`found no free port from ${first} to ${last} on 127.0.0.1`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
