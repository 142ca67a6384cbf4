import { IconChartBar, IconCube, IconEye, IconHome, IconKey, IconList, IconPuzzle, IconServer, IconShield, IconTerminal } from '@/shared/ui/icons'

/** The pages of a project. A new page is one line here and one route in router.tsx. */
export const navigation = [
  { group: null, entries: [{ path: 'home', label: 'Home', icon: IconHome }] },
  {
    group: 'Build',
    entries: [
      { path: 'playground', label: 'Playground', icon: IconTerminal },
      { path: 'inside', label: 'See inside', icon: IconEye },
      { path: 'adapters', label: 'Adapters', icon: IconPuzzle },
      { path: 'keys', label: 'API keys', icon: IconKey },
    ],
  },
  {
    group: 'Observe',
    entries: [
      { path: 'requests', label: 'Requests', icon: IconList },
      { path: 'usage', label: 'Usage & cost', icon: IconChartBar },
      { path: 'security', label: 'Security events', icon: IconShield },
    ],
  },
  {
    group: 'Serve',
    entries: [
      { path: 'models', label: 'Models', icon: IconCube },
      { path: 'runners', label: 'Runners', icon: IconServer },
    ],
  },
] as const

export type PagePath = (typeof navigation)[number]['entries'][number]['path']
