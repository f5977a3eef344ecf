/** Sound bytes, made unsound. */
import type { Random } from '../differential/random.ts'
import { bytesOf } from './target.ts'

/** One to three of: a byte changed, cut off, bytes in between, bytes gone, a length that claims very much. */
export function damaged(random: Random, sound: Buffer): Buffer {
  let bytes = sound
  for (let times = random.int(1, 3); times > 0; times--) bytes = damageOnce(random, bytes)
  return bytes
}

function damageOnce(random: Random, bytes: Buffer): Buffer {
  const at = random.int(0, bytes.length)
  const front = bytes.subarray(0, at)
  const back = bytes.subarray(at)
  switch (random.int(0, 4)) {
    case 0:
      return Buffer.concat([front, bytesOf(random, 1), back.subarray(1)])
    case 1:
      return front
    case 2:
      return Buffer.concat([front, bytesOf(random, random.int(1, 16)), back])
    case 3:
      return Buffer.concat([front, back.subarray(random.int(1, 8))])
    default: {
      const length = Buffer.alloc(4)
      length.writeInt32BE(random.pick([-1, -2, 0x7fffffff, -0x80000000, 0x00ffffff, 1]))
      return Buffer.concat([
        front,
        random.chance(0.5) ? length : Buffer.from([255, 255, 255, 255, 7]),
        back.subarray(4),
      ])
    }
  }
}
