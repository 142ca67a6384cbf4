import { describe, expect, it } from 'vitest'
import { exactMoney, requestMoney, sumMoney, totalMoney } from './money'

const usd = (value: string) => ({ value, currency: 'usd' })

describe('money', () => {
  it('shows the amount of a request with four significant digits', () => {
    expect(requestMoney(usd('0.00001234567'))).toBe('$0.00001235')
    expect(requestMoney(usd('0.1234567'))).toBe('$0.1235')
    expect(requestMoney(usd('12.3456'))).toBe('$12.35')
    expect(requestMoney(usd('0'))).toBe('$0.00')
  })

  it('never shows an exponent, also where a number came as one', () => {
    expect(requestMoney(usd('1.5e-9'))).toBe('$0.0000000015')
    expect(exactMoney(usd('0.000000000000123'))).toBe('$0.000000000000123')
  })

  it('shows totals with two decimals and never hides a small one', () => {
    expect(totalMoney(usd('1234.5'))).toBe('$1,234.50')
    expect(totalMoney(usd('3.14159'))).toBe('$3.14')
    expect(totalMoney(usd('0.00041234'))).toBe('$0.0004123')
    expect(totalMoney(usd('0.000'))).toBe('$0.00')
  })

  it('shows the parts of a total with the decimals of the total', () => {
    expect(totalMoney(usd('0.005537'), usd('0.01065'))).toBe('$0.00554')
    expect(totalMoney(usd('0.5'), usd('0.01065'))).toBe('$0.50000')
    expect(totalMoney(usd('0.0004'), usd('12'))).toBe('$0.00')
  })

  it('adds up exactly where binary fractions would not', () => {
    expect(sumMoney([usd('0.1'), usd('0.2')]).value).toBe('0.3')
    expect(sumMoney([usd('0.000000000000000001'), usd('99999999999.999999999999999999')]).value).toBe('100000000000')
    expect(sumMoney([usd('1.5e-7'), usd('-0.00000005')]).value).toBe('0.0000001')
    expect(sumMoney([]).value).toBe('0')
  })
})
