import { DiskError } from '../disk.ts'

/** A directory: names of files and directories. */
export class Directory<File extends object> {
  readonly entries = new Map<string, File | Directory<File>>()
}

export type Entry<File extends object> = File | Directory<File>

/** One atomic change of names; an entry of null is a name that goes away. */
export type NameChange<File extends object> = readonly {
  readonly directory: Directory<File>
  readonly name: string
  readonly entry: Entry<File> | null
}[]

export interface TreeOptions<File extends object> {
  createFile(): File
  /** Hears of every change after it was made, in order. */
  onChange?(change: NameChange<File>): void
  /** A file lost its last name. */
  onUnlink?(file: File): void
}

/** The names of a disk: paths to files, as POSIX means them. Paths are absolute; '.' and '..' are not understood. */
export class Tree<File extends object> {
  readonly #options: TreeOptions<File>
  #root = new Directory<File>()

  constructor(options: TreeOptions<File>) {
    this.#options = options
  }

  get root(): Directory<File> {
    return this.#root
  }

  set root(root: Directory<File>) {
    this.#root = root
  }

  find(path: string): Entry<File> | null {
    let entry: Entry<File> = this.#root
    for (const name of split(path)) {
      if (!(entry instanceof Directory)) return null
      const next = entry.entries.get(name)
      if (next === undefined) return null
      entry = next
    }
    return entry
  }

  openFile(path: string, create: boolean): File {
    const { directory, name } = this.#place(path)
    const present = directory.entries.get(name)
    if (present instanceof Directory) throw new DiskError('io', path, `${path} is a directory`)
    if (present !== undefined) return present
    if (!create) throw missing(path)
    const file = this.#options.createFile()
    this.#change([{ directory, name, entry: file }])
    return file
  }

  directory(path: string): Directory<File> {
    const entry = this.find(path)
    if (entry === null) throw missing(path)
    if (!(entry instanceof Directory)) throw new DiskError('missing', path, `${path} is no directory`)
    return entry
  }

  makeDirectory(path: string): void {
    let directory = this.#root
    for (const name of split(path)) {
      const present = directory.entries.get(name)
      if (present instanceof Directory) {
        directory = present
        continue
      }
      if (present !== undefined) throw new DiskError('io', path, `${path}: ${name} is a file`)
      const made = new Directory<File>()
      this.#change([{ directory, name, entry: made }])
      directory = made
    }
  }

  rename(from: string, to: string): void {
    const source = this.#place(from)
    const entry = source.directory.entries.get(source.name)
    if (entry === undefined) throw missing(from)
    const target = this.#place(to)
    const replaced = target.directory.entries.get(target.name)
    if (replaced === entry) return
    if (replaced instanceof Directory) {
      if (!(entry instanceof Directory)) throw new DiskError('io', to, `${to} is a directory`)
      if (replaced.entries.size > 0) throw new DiskError('io', to, `${to} is not empty`)
    } else if (replaced !== undefined && entry instanceof Directory) {
      throw new DiskError('missing', to, `${to} is no directory`)
    }
    this.#change([
      { directory: source.directory, name: source.name, entry: null },
      { directory: target.directory, name: target.name, entry },
    ])
    if (replaced !== undefined && !(replaced instanceof Directory)) this.#options.onUnlink?.(replaced)
  }

  /** One name after the other, the deepest first, as a process that may die in between would do it. */
  remove(path: string): void {
    const names = split(path)
    const name = names.pop()
    if (name === undefined) throw new DiskError('denied', path, 'the root cannot be removed')
    const directory = this.find(`/${names.join('/')}`)
    if (directory instanceof Directory) this.#removeEntry(directory, name)
  }

  #removeEntry(directory: Directory<File>, name: string): void {
    const entry = directory.entries.get(name)
    if (entry === undefined) return
    if (entry instanceof Directory) {
      for (const inner of [...entry.entries.keys()]) this.#removeEntry(entry, inner)
    }
    this.#change([{ directory, name, entry: null }])
    if (!(entry instanceof Directory)) this.#options.onUnlink?.(entry)
  }

  #place(path: string): { directory: Directory<File>; name: string } {
    const names = split(path)
    const name = names.pop()
    if (name === undefined) throw new DiskError('io', path, 'the root is a directory')
    return { directory: this.directory(`/${names.join('/')}`), name }
  }

  #change(change: NameChange<File>): void {
    for (const { directory, name, entry } of change) {
      if (entry === null) directory.entries.delete(name)
      else directory.entries.set(name, entry)
    }
    this.#options.onChange?.(change)
  }
}

function split(path: string): string[] {
  return path.split('/').filter(name => name !== '')
}

function missing(path: string): DiskError {
  return new DiskError('missing', path, `${path} does not exist`)
}
