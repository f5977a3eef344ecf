import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mutationNamed } from './mutations.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** From now on this process loads the broker with that fault. The file itself stays as it is. */
export function applyMutation(name: string): void {
  const mutation = mutationNamed(name)
  const url = pathToFileURL(join(root, mutation.file)).href
  registerHooks({
    load(loaded, context, next) {
      const module = next(loaded, context)
      if (loaded !== url) return module
      return { ...module, source: String(module.source).replace(mutation.find, () => mutation.replace) }
    },
  })
}
