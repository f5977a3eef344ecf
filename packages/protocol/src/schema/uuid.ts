/**
 * Kafka's ids as text: 16 bytes in base64url without padding, 22 characters. Text, so that ids compare with `===` and are
 * keys of maps; a broker sees the same few ids again and again, so decoded ones come from a small table and the very same
 * string (with its hash) is found again.
 */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Direct-mapped: an id that falls on another's place replaces it. */
const tableSize = 1024
const tableWords = new Int32Array(tableSize * 4)
const tableText: string[] = new Array<string>(tableSize).fill(zeroUuid)

/** The 16 bytes at `position`, which must be there. */
export function readUuid(buffer: Buffer, view: DataView, position: number): string {
  const a = view.getInt32(position)
  const b = view.getInt32(position + 4)
  const c = view.getInt32(position + 8)
  const d = view.getInt32(position + 12)
  const place = (Math.imul(a ^ (b >>> 3) ^ Math.imul(c, 31) ^ d, 0x9e3779b1) >>> 22) & (tableSize - 1)
  const at = place * 4
  if (tableWords[at] === a && tableWords[at + 1] === b && tableWords[at + 2] === c && tableWords[at + 3] === d) {
    const known = tableText[place]
    if (known !== undefined) return known
  }
  const text = buffer.toString('base64url', position, position + 16)
  tableWords[at] = a
  tableWords[at + 1] = b
  tableWords[at + 2] = c
  tableWords[at + 3] = d
  tableText[place] = text
  return text
}

const sextets = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) {
  sextets['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.charCodeAt(i)] = i
}

/** Writes 16 bytes at `position`, which must be there. False when the text is not an id; then any of them may be written. */
export function writeUuid(buffer: Buffer, position: number, text: string): boolean {
  if (text.length !== 22) return false
  let at = position
  let bad = 0
  for (let i = 0; i < 20; i += 4) {
    const a = sextet(text, i)
    const b = sextet(text, i + 1)
    const c = sextet(text, i + 2)
    const d = sextet(text, i + 3)
    bad |= a | b | c | d
    buffer[at] = (a << 2) | (b >> 4)
    buffer[at + 1] = (b << 4) | (c >> 2)
    buffer[at + 2] = (c << 6) | d
    at += 3
  }
  const a = sextet(text, 20)
  const b = sextet(text, 21)
  buffer[at] = (a << 2) | (b >> 4)
  return (bad | a | b) >= 0 && (b & 15) === 0
}

/** -1 for what is not a digit of base64url. */
function sextet(text: string, index: number): number {
  return sextets[text.charCodeAt(index)] ?? -1
}
