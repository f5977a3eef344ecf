/** The name that is fewest edits away, or the shortest that goes on where this one ends; null where none can be meant. */
export function nearestName(name: string, names: readonly string[]): string | null {
  let nearest: string | null = null
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    const distance = editDistance(name, candidate, fewest)
    if (distance < fewest) {
      fewest = distance
      nearest = candidate
    }
  }
  return nearest ?? shortest(names.filter(candidate => candidate.startsWith(`${name}.`)))
}

function shortest(names: readonly string[]): string | null {
  return names.reduce<string | null>(
    (least, name) => (least === null || name.length < least.length ? name : least),
    null,
  )
}

/** Levenshtein's distance, or any number >= `enough` once it cannot be less. */
function editDistance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    if (Math.min(...next) >= enough) return enough
    row = next
  }
  return row[b.length] ?? enough
}
