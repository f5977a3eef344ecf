import { Directory, type Entry, type NameChange, Tree } from '../memory/tree.ts'
import type { SeededRandom } from './random.ts'
import type { StoredFile } from './stored-file.ts'

type Names = Map<string, Entry<StoredFile>>

/**
 * The names of a simulated disk, and which of them would survive a power loss.
 *
 * Faults at a power loss, by the seed: of the changes of names that no `syncDirectory` covers, all are there, none, the first
 * ones of the disk, or the first ones of each directory. One change is atomic: a rename is there on both sides or on none. The
 * order within a directory holds, as on every file system with a journal or copies on write (ext4, XFS, btrfs, ZFS, APFS);
 * that a change is there says nothing about the bytes of the file.
 */
export class StoredNames {
  readonly tree: Tree<StoredFile>
  readonly #durable = new Map<Directory<StoredFile>, Names>()
  #pending: NameChange<StoredFile>[] = []

  constructor(createFile: () => StoredFile) {
    this.tree = new Tree<StoredFile>({ createFile, onChange: change => this.#pending.push(change) })
  }

  /** The changes of this directory, and of others that hang together with them by renames across. */
  sync(directory: Directory<StoredFile>): void {
    const directories = new Set([directory])
    const covered = new Set<NameChange<StoredFile>>()
    for (const change of this.#pending.toReversed()) {
      if (!change.some(one => directories.has(one.directory))) continue
      covered.add(change)
      for (const one of change) directories.add(one.directory)
    }
    for (const change of this.#pending) if (covered.has(change)) this.#apply(change)
    this.#pending = this.#pending.filter(change => !covered.has(change))
  }

  losePower(random: SeededRandom): void {
    const fate = random.pick(['all', 'none', 'prefix', 'prefix of each directory'] as const)
    const count = fate === 'prefix' ? random.integer(this.#pending.length + 1) : this.#pending.length
    const ends = random.between([0, 0.5])
    const ended = new Set<Directory<StoredFile>>()
    for (const change of this.#pending.slice(0, count)) {
      const isLost =
        fate === 'none' ||
        (fate === 'prefix of each directory' && (random.chance(ends) || change.some(one => ended.has(one.directory))))
      if (isLost) for (const one of change) ended.add(one.directory)
      else this.#apply(change)
    }
    this.#pending = []
    this.#restore(this.tree.root, random)
  }

  /** All files that have a name now, by path. */
  *files(directory = this.tree.root, path = ''): Generator<[path: string, file: StoredFile]> {
    for (const [name, entry] of [...directory.entries].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (entry instanceof Directory) yield* this.files(entry, `${path}/${name}`)
      else yield [`${path}/${name}`, entry]
    }
  }

  #restore(directory: Directory<StoredFile>, random: SeededRandom): void {
    directory.entries.clear()
    const names = [...(this.#durable.get(directory) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1))
    for (const [name, entry] of names) {
      directory.entries.set(name, entry)
      if (entry instanceof Directory) this.#restore(entry, random)
      else entry.losePower(random)
    }
  }

  #apply(change: NameChange<StoredFile>): void {
    for (const { directory, name, entry } of change) {
      const names = this.#durable.get(directory) ?? new Map()
      this.#durable.set(directory, names)
      if (entry === null) names.delete(name)
      else names.set(name, entry)
    }
  }
}
