export type Zone = 'local' | 'utc'

const formats = new Map<string, Intl.DateTimeFormat>()

function formatFor(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options)
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', zone === 'utc' ? { ...options, timeZone: 'UTC' } : options)
    formats.set(key, format)
  }
  return format
}

const dayAndTime = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const

/** All times of the API are Unix seconds. */
export function dateTime(seconds: number, zone: Zone): string {
  return formatFor(zone, dayAndTime).format(seconds * 1_000)
}

export function dateTimeShort(seconds: number, zone: Zone): string {
  return formatFor(zone, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(seconds * 1_000)
}

export function timeOfDay(seconds: number, zone: Zone): string {
  return formatFor(zone, { hour: '2-digit', minute: '2-digit' }).format(seconds * 1_000)
}

export function day(seconds: number, zone: Zone): string {
  return formatFor(zone, { month: 'short', day: 'numeric' }).format(seconds * 1_000)
}

export function date(seconds: number, zone: Zone): string {
  return formatFor(zone, { year: 'numeric', month: 'short', day: 'numeric' }).format(seconds * 1_000)
}

export function iso(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
}

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

export function ago(seconds: number, now: number): string {
  const difference = seconds - now
  for (const [unit, length] of steps) {
    if (Math.abs(difference) >= length) return relative.format(Math.round(difference / length), unit)
  }
  return 'just now'
}
