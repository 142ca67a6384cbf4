import type { Money } from '@/shared/api/schemas'

function currencyFormat(currency: string, minimumFractionDigits: number, maximumFractionDigits: number) {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits,
    maximumFractionDigits,
  })
}

/** Decimals that show 4 significant digits, at least 2. */
function decimalsFor(amount: number): number {
  const magnitude = amount === 0 ? 0 : Math.floor(Math.log10(Math.abs(amount)))
  return magnitude >= 0 ? 2 : Math.min(20, 3 - magnitude)
}

/** For the amount of one request: 4 significant digits, at least 2 decimals, never an exponent. */
export function requestMoney({ value, currency }: Money): string {
  const amount = Number(value)
  return currencyFormat(currency, 2, decimalsFor(amount)).format(amount)
}

/**
 * For totals: 2 decimals. Below one dollar, where these would say little or nothing, as many as give 4 significant digits.
 *
 * @param among the whole that this is a part of; parts are shown with its decimals, so that they visibly add up
 */
export function totalMoney({ value, currency }: Money, among?: Money): string {
  const decimals = decimalsFor(Number(among?.value ?? value))
  return currencyFormat(currency, Math.max(2, among ? decimals : 2), decimals).format(Number(value))
}

/** Every digit the ledger holds, for tool tips and for tables that must add up. */
export function exactMoney({ value, currency }: Money): string {
  return currencyFormat(currency, 2, 20).format(value as Intl.StringNumericLiteral)
}

const SCALE = 18

function toUnits(value: string): bigint {
  const plain = /e/i.test(value) ? Number(value).toFixed(SCALE) : value
  const [, sign, whole, fraction] = /^(-?)(\d*)\.?(\d*)$/.exec(plain) ?? []
  const digits = `${whole ?? ''}${(fraction ?? '').slice(0, SCALE).padEnd(SCALE, '0')}`
  return BigInt(`${sign ?? ''}${digits || '0'}`)
}

/** An exact sum: binary fractions would not add up to the ledger's total. */
export function sumMoney(amounts: readonly Money[]): Money {
  const total = amounts.reduce((sum, { value }) => sum + toUnits(value), 0n)
  const digits = (total < 0n ? -total : total).toString().padStart(SCALE + 1, '0')
  const fraction = digits.slice(-SCALE).replace(/0+$/, '')
  const value = `${total < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${fraction ? `.${fraction}` : ''}`
  return { value, currency: amounts[0]?.currency ?? 'usd' }
}
