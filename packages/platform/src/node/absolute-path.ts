import { resolve } from 'node:path'

/** As a person names a file, from the process's working directory: the disk takes absolute paths only. */
export function absolutePath(path: string): string {
  return resolve(path)
}
