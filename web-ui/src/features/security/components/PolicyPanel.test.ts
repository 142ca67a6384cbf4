import { expect, it } from 'vitest'
import { readBlockList } from './PolicyPanel'

it('reads one entry of the block list a line, without blanks and repetitions', () => {
  expect(readBlockList(' project x \n\nproject x\ny\r\n')).toEqual(['project x', 'y'])
})
