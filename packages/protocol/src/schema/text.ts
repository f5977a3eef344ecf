/**
 * Strings on the wire. A broker reads the same few topic names, group ids and client ids again and again: short ones come
 * from a small table, which is cheaper than decoding, and gives strings whose hash is known already, for the maps they go to.
 */

/** Direct-mapped: a string that falls on another's place replaces it. Only ASCII stands in it. */
const tableSize = 2048
const table: string[] = new Array<string>(tableSize).fill('')
const shortBytes = 48

/** The UTF-8 of `length` bytes at `position`, which must be there; malformed sequences become U+FFFD. */
export function readText(buffer: Buffer, position: number, length: number): string {
  if (length > shortBytes) return buffer.toString('utf8', position, position + length)
  if (length === 0) return ''
  const place = placeOf(buffer, position, length)
  const known = table[place] ?? ''
  if (known.length === length && stands(buffer, position, known)) return known
  const text = buffer.toString('utf8', position, position + length)
  if (text.length === length && stands(buffer, position, text)) table[place] = text
  return text
}

/** Looks at the first four bytes and the last eight: names tend to differ at their ends. */
function placeOf(buffer: Buffer, position: number, length: number): number {
  const end = position + length
  let hash = length
  for (let i = Math.max(position, end - 8); i < end; i++) hash = (Math.imul(hash, 31) + (buffer[i] ?? 0)) | 0
  for (let i = position; i < end && i < position + 4; i++) hash = (Math.imul(hash, 31) + (buffer[i] ?? 0)) | 0
  return (hash ^ (hash >>> 15)) & (tableSize - 1)
}

/** Whether the ASCII text is what the buffer holds. False for other text. */
function stands(buffer: Buffer, position: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== buffer[position + i] || code > 127) return false
  }
  return true
}

/** Longest string that can be sent, in bytes. */
export const textBytesMax = 32767

/**
 * Writes a string with its length at `position`: a varint of the length plus one, or an int16. There must be room for
 * `5 + 3 * text.length` bytes. Returns the position behind it, or -1 when it is too long.
 */
export function writeText(buffer: Buffer, position: number, text: string, compact: boolean): number {
  const length = text.length
  if (length < 64) {
    const start = compact ? position + 1 : position + 2
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      buffer[start + i] = code
    }
    if (i === length) {
      if (compact) {
        buffer[position] = length + 1
      } else {
        buffer[position] = 0
        buffer[position + 1] = length
      }
      return start + length
    }
  }
  return writeLongText(buffer, position, text, compact)
}

function writeLongText(buffer: Buffer, position: number, text: string, compact: boolean): number {
  const byteLength = Buffer.byteLength(text)
  if (byteLength > textBytesMax) return -1
  let at = position
  if (compact) {
    // At most 32768: three bytes.
    let rest = byteLength + 1
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    buffer[at++] = rest
  } else {
    buffer[at] = byteLength >> 8
    buffer[at + 1] = byteLength & 255
    at += 2
  }
  return at + buffer.write(text, at)
}
