const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** For people: three digits at most, as in '1.5 GiB'. */
export function inBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? value.toFixed() : value.toFixed(1)} ${units[unit]}`
}
