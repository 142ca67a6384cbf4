const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Memory in powers of 1,024, as operating systems count it, with two or three digits. */
export function bytes(value: number): string {
  let size = value
  let unit = 0
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_024
    unit++
  }
  return `${unit === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}
