import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/**
 * CRC-32C (Castagnoli) of `buffer[start, end)` as an unsigned number.
 *
 * The native call costs 90 ns plus 60 ns for the view and then runs at 7 GB/s; a table in JavaScript runs at 1.3 GB/s
 * and wins below 170 bytes only, by less than 0.1 us, which is why there is one implementation.
 */
export function crc32c(buffer: Uint8Array, start = 0, end = buffer.length): number {
  return nativeCrc32c(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end))
}
