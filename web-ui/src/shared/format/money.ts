import type { Money } from '@/shared/api/schemas'

function currencyFormat(currency: string, minimumFractionDigits: number, maximumFractionDigits: number) {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits,
    maximumFractionDigits,
  })
}

/** For the amount of one request: 4 significant digits, at least 2 decimals, never an exponent. */
export function requestMoney({ value, currency }: Money): string {
  const amount = Number(value)
  const magnitude = amount === 0 ? 0 : Math.floor(Math.log10(Math.abs(amount)))
  const decimals = Math.min(20, Math.max(2, 3 - magnitude))
  return currencyFormat(currency, 2, decimals).format(amount)
}

/** For totals: 2 decimals. What is more than nothing never reads as nothing. */
export function totalMoney({ value, currency }: Money): string {
  const amount = Number(value)
  const format = currencyFormat(currency, 2, 2)
  return amount > 0 && amount < 0.01 ? `< ${format.format(0.01)}` : format.format(amount)
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
