import { BlockBytes } from '../memory/bytes.ts'
import type { SeededRandom } from './random.ts'

/** What a disk writes whole or not at all. */
const sectorBytes = 512

type Operation =
  | { readonly kind: 'write'; readonly sequence: number; readonly data: Buffer; readonly position: number }
  | { readonly kind: 'truncate'; readonly sequence: number; readonly size: number }

/**
 * A file with a page cache: what programs see (`bytes`), and what the platter holds (`durable`) with the operations between.
 *
 * Faults at a power loss, for each file by the seed: all that was not synced is there; none of it; the first operations of it,
 * the last of those torn; or any subset of its sectors in any order, where the length of the file may have grown over sectors
 * that never came (they read as zeros). A truncation that did not come takes all later operations with it.
 */
export class StoredFile {
  bytes = new BlockBytes()
  modifiedMs: number
  #durable = new BlockBytes()
  #pending: Operation[] = []
  #sequence = 0

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs
  }

  write(data: Uint8Array, position: number): void {
    if (data.length === 0) return
    this.bytes.write(data, position)
    this.#pending.push({ kind: 'write', sequence: this.#sequence++, data: Buffer.from(data), position })
  }

  truncate(size: number): void {
    this.bytes.truncate(size)
    this.#pending.push({ kind: 'truncate', sequence: this.#sequence++, size })
  }

  /** Names all operations so far, for a sync that begins now and is done later. */
  mark(): number {
    return this.#sequence
  }

  syncUpTo(mark: number): void {
    for (const operation of this.#pending) if (operation.sequence < mark) this.#apply(operation)
    this.#pending = this.#pending.filter(operation => operation.sequence >= mark)
  }

  /** A failed fdatasync: the kernel forgets that these pages are dirty; a later sync succeeds and does not write them. */
  failSync(random: SeededRandom): void {
    this.#settle(random)
  }

  losePower(random: SeededRandom): void {
    this.#settle(random)
    this.bytes = this.#durable.copy()
  }

  /** Turns one bit over, on the platter and in the cache. False for an empty file, and where the byte is spared. */
  rot(random: SeededRandom, isSpared: (position: number, bytes: Buffer) => boolean): boolean {
    const size = Math.min(this.bytes.size, this.#durable.size)
    if (size === 0) return false
    const position = random.integer(size)
    const mask = 1 << random.integer(8)
    const all = Buffer.alloc(this.bytes.size)
    this.bytes.read(all, 0)
    if (isSpared(position, all)) return false
    for (const bytes of [this.bytes, this.#durable]) {
      const byte = Buffer.alloc(1)
      bytes.read(byte, position)
      byte[0] = (byte[0] ?? 0) ^ mask
      bytes.write(byte, position)
    }
    return true
  }

  #settle(random: SeededRandom): void {
    const pending = this.#pending
    this.#pending = []
    if (pending.length === 0) return
    const fate = random.pick(['all', 'none', 'prefix', 'sectors'] as const)
    if (fate === 'none') return
    if (fate === 'sectors') {
      this.#applySectors(pending, random)
      return
    }
    const count = fate === 'all' ? pending.length : random.integer(pending.length)
    for (const operation of pending.slice(0, count)) this.#apply(operation)
    const torn = pending[count]
    if (torn?.kind === 'write') this.#applyTorn(torn, random)
  }

  #apply(operation: Operation): void {
    if (operation.kind === 'write') this.#durable.write(operation.data, operation.position)
    else this.#durable.truncate(operation.size)
  }

  /** The sectors up to a random one. */
  #applyTorn({ data, position }: Operation & { kind: 'write' }, random: SeededRandom): void {
    const cut = Math.floor((position + random.integer(data.length + 1)) / sectorBytes) * sectorBytes
    if (cut > position) this.#durable.write(data.subarray(0, cut - position), position)
  }

  #applySectors(pending: readonly Operation[], random: SeededRandom): void {
    const keeps = random.fraction()
    const lengthSurvives = random.chance(0.5)
    for (const operation of pending) {
      if (operation.kind === 'truncate') {
        if (!random.chance(keeps)) return
        this.#durable.truncate(operation.size)
        continue
      }
      const end = operation.position + operation.data.length
      for (let at = operation.position; at < end; ) {
        const next = Math.min(end, (Math.floor(at / sectorBytes) + 1) * sectorBytes)
        if (random.chance(keeps)) {
          this.#durable.write(operation.data.subarray(at - operation.position, next - operation.position), at)
        }
        at = next
      }
      if (lengthSurvives && end > this.#durable.size) this.#durable.truncate(end)
    }
  }
}
