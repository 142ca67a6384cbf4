const plain = new Intl.NumberFormat('en-US')
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

export function count(value: number): string {
  return plain.format(value)
}

/** For axes and figures where the last digits do not matter. */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? plain.format(value) : compact.format(value)
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1) return `${value.toFixed(2)} ms`
  if (value < 10) return `${value.toFixed(1)} ms`
  if (value < 1_000) return `${Math.round(value)} ms`
  if (value < 60_000) return `${(value / 1_000).toFixed(2)} s`
  return `${Math.floor(value / 60_000)} min ${Math.round((value % 60_000) / 1_000)} s`
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %'
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}

export function plural(value: number, singular: string, many = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : many}`
}

export interface Change {
  text: string
  direction: 'up' | 'down' | 'flat'
}

/** How a figure moved against the period before, or null where there is nothing to compare with. */
export function changeOf(current: number, previous: number): Change | null {
  if (previous === 0) return current === 0 ? { text: 'no change', direction: 'flat' } : null
  const share = (current - previous) / previous
  if (Math.abs(share) < 0.005) return { text: 'no change', direction: 'flat' }
  const size = Math.abs(share) >= 10 ? `${count(Math.round(Math.abs(share)))}×` : `${Math.round(Math.abs(share) * 100)} %`
  return { text: `${share > 0 ? '+' : '−'}${size}`, direction: share > 0 ? 'up' : 'down' }
}
