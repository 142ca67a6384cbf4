import { IconHome } from '@/shared/ui/icons'

/** The pages of a project. A new page is one line here and one route in router.tsx. */
export const navigation = [
  { group: null, entries: [{ path: 'home', label: 'Home', icon: IconHome }] },
] as const

export type PagePath = (typeof navigation)[number]['entries'][number]['path']
