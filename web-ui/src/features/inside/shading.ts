/** Text stays readable on a shade of at most this share of colour. */
const STRONGEST = 45

/** A background that is the stronger, the larger the share (0 to 1). */
export function shade(colour: string, share: number): string {
  const percent = Math.round(STRONGEST * Math.min(1, Math.max(0, share)))
  return `color-mix(in srgb, var(${colour}) ${percent}%, transparent)`
}

export interface Effect {
  from: number
  to: number
  effect: number
}

/** For each token of a prompt the effect of the part it is in; null for tokens in none. */
export function effectsByToken(tokens: number, parts: readonly Effect[]): (number | null)[] {
  const effects: (number | null)[] = Array.from({ length: tokens }, () => null)
  for (const { from, to, effect } of parts) effects.fill(effect, from, to)
  return effects
}

/** Speaks for the answer: blue; against it: orange; relative to the part that matters most. */
export function shadeOfEffect(effect: number | null, parts: readonly Effect[]): string | undefined {
  const most = Math.max(...parts.map((part) => Math.abs(part.effect)), Number.MIN_VALUE)
  if (effect === null) return undefined
  return shade(effect >= 0 ? '--series-1' : '--series-5', Math.abs(effect) / most)
}

/** Line breaks and tabs, which a token may be made of, are shown by signs. */
export function visible(text: string): string {
  return text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/g, '␣')
}

export const percent = (probability: number): string => `${(100 * probability).toFixed(probability < 0.1 ? 1 : 0)} %`
