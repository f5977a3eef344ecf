/**
 * Attacks against one broker, all at once, until standard input ends. Prints what they did.
 *
 *   node attacker.ts PORT SEED ATTACK…
 */
import { Random } from '../differential/random.ts'
import { attacks } from './attacks.ts'

const [port = '', seed = '', ...wanted] = process.argv.slice(2)
const over = new AbortController()
process.stdin.on('close', () => over.abort()).resume()

const report: Record<string, Record<string, number>> = {}
await Promise.all(
  wanted.map(name => {
    const attack = attacks[name]
    if (attack === undefined)
      throw new Error(`there is no attack ${name}; there are ${Object.keys(attacks).join(', ')}`)
    const counts: Record<string, number> = {}
    report[name] = counts
    return attack({
      port: Number(port),
      random: new Random(Number(seed) * 1_000 + Object.keys(attacks).indexOf(name)),
      signal: over.signal,
      count(what, by = 1) {
        counts[what] = (counts[what] ?? 0) + by
      },
    })
  }),
)
process.stdout.write(JSON.stringify(report))
process.exit()
