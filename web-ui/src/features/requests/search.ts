export const outcomes = ['completed', 'cancelled', 'prompt_blocked', 'output_blocked', 'failed'] as const
export type Outcome = (typeof outcomes)[number]

/** The filters of the page, as its URL spells them. */
export interface RequestFilters {
  model?: string
  key?: string
  outcome?: Outcome
}

export interface RequestSearch extends RequestFilters {
  /** The request whose drawer is open. */
  request?: string
  live?: boolean
}

export function readRequestSearch(search: Record<string, unknown>): RequestSearch {
  const text = (name: string) => {
    const value = search[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    model: text('model'),
    key: text('key'),
    outcome: outcomes.find((outcome) => outcome === search['outcome']),
    request: text('request'),
    live: search['live'] === true ? true : undefined,
  }
}
