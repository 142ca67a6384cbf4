export const groupings = ['model', 'project', 'key'] as const
export type Grouping = (typeof groupings)[number]

export const measures = ['spend', 'tokens', 'requests'] as const
export type Measure = (typeof measures)[number]

export interface UsageSearch {
  group?: Grouping
  measure?: Measure
}

export function readUsageSearch(search: Record<string, unknown>): UsageSearch {
  return {
    group: groupings.find((grouping) => grouping === search['group']),
    measure: measures.find((measure) => measure === search['measure']),
  }
}
