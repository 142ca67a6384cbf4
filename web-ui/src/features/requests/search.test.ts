import { describe, expect, it } from 'vitest'
import { neighbour } from '@/shared/state/useRowKeys'
import { readRequestSearch } from './search'

describe('the request log', () => {
  it('reads from the address only filters that it knows', () => {
    expect(readRequestSearch({ outcome: 'failed', model: 'm', live: true, key: 5 })).toMatchObject({ outcome: 'failed', model: 'm', live: true, key: undefined })
    expect(readRequestSearch({ outcome: 'constructor', model: '' })).toMatchObject({ outcome: undefined, model: undefined })
  })

  it('moves from row to row and stays at the ends', () => {
    const ids = ['a', 'b', 'c']
    expect([neighbour(ids, null, 1), neighbour(ids, 'a', 1), neighbour(ids, 'c', 1), neighbour(ids, 'a', -1), neighbour(ids, 'gone', -1)]).toEqual(['a', 'b', 'c', 'a', 'a'])
    expect(neighbour([], null, 1)).toBeUndefined()
  })
})
