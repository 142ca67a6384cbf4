import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect, retainSearchParams } from '@tanstack/react-router'
import { readRequestSearch } from '@/features/requests/search'
import { LoginPage } from '@/features/session/pages/LoginPage'
import { readUsageSearch } from '@/features/usage/search'
import { projectsQuery, sessionQuery } from '@/shared/api/session'
import { readTimeSearch, type TimeSearch } from '@/shared/state/timeRange'
import { Broken, Missing, NotFound } from './Broken'
import { Shell } from './Shell'

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Broken,
})

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { next?: string; ended?: boolean } => ({
    // A path of this site only: "//host" and "\\host" would lead elsewhere.
    next: typeof search['next'] === 'string' && /^\/[^/\\]/.test(search['next']) ? search['next'] : undefined,
    ended: search['ended'] === true ? true : undefined,
  }),
  component: LoginPage,
})

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery)
    if (!session) {
      throw redirect({ to: '/login', search: { next: location.pathname === '/' ? undefined : location.href } })
    }
    return { session }
  },
})

const start = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: async ({ context }) => {
    const projects = await context.queryClient.ensureQueryData(projectsQuery)
    const first = projects[0]
    if (first) {
      throw redirect({ to: '/o/$org/p/$project/home', params: { org: context.session.organization.id, project: first.id } })
    }
  },
  component: () => <Missing what="No project: an owner of the organisation can create one through the API." />,
})

const project = createRoute({
  getParentRoute: () => signedIn,
  path: '/o/$org/p/$project',
  validateSearch: readTimeSearch,
  search: { middlewares: [retainSearchParams<TimeSearch>(['range', 'from', 'to', 'zone'])] },
  beforeLoad: ({ context }) => context.queryClient.ensureQueryData(projectsQuery).then(() => undefined),
  component: Shell,
  notFoundComponent: NotFound,
})

const projectStart = createRoute({
  getParentRoute: () => project,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/o/$org/p/$project/home', params })
  },
})

const home = createRoute({
  getParentRoute: () => project,
  path: 'home',
  component: lazyRouteComponent(() => import('@/features/home/pages/HomePage'), 'HomePage'),
})

const playground = createRoute({
  getParentRoute: () => project,
  path: 'playground',
  component: lazyRouteComponent(() => import('@/features/playground/pages/PlaygroundPage'), 'PlaygroundPage'),
})

const inside = createRoute({
  getParentRoute: () => project,
  path: 'inside',
  component: lazyRouteComponent(() => import('@/features/inside/pages/InsidePage'), 'InsidePage'),
})

const adapters = createRoute({
  getParentRoute: () => project,
  path: 'adapters',
  component: lazyRouteComponent(() => import('@/features/adapters/pages/AdaptersPage'), 'AdaptersPage'),
})

const keys = createRoute({
  getParentRoute: () => project,
  path: 'keys',
  component: lazyRouteComponent(() => import('@/features/keys/pages/KeysPage'), 'KeysPage'),
})

const requests = createRoute({
  getParentRoute: () => project,
  path: 'requests',
  validateSearch: readRequestSearch,
  component: lazyRouteComponent(() => import('@/features/requests/pages/RequestsPage'), 'RequestsPage'),
})

const usage = createRoute({
  getParentRoute: () => project,
  path: 'usage',
  validateSearch: readUsageSearch,
  component: lazyRouteComponent(() => import('@/features/usage/pages/UsagePage'), 'UsagePage'),
})

const security = createRoute({
  getParentRoute: () => project,
  path: 'security',
  component: lazyRouteComponent(() => import('@/features/security/pages/SecurityPage'), 'SecurityPage'),
})

const runners = createRoute({
  getParentRoute: () => project,
  path: 'runners',
  component: lazyRouteComponent(() => import('@/features/runners/pages/RunnersPage'), 'RunnersPage'),
})

const models = createRoute({
  getParentRoute: () => project,
  path: 'models',
  component: lazyRouteComponent(() => import('@/features/models/pages/ModelsPage'), 'ModelsPage'),
})

const pages = project.addChildren([projectStart, home, playground, inside, adapters, keys, requests, usage, security, models, runners])
const routes = root.addChildren([login, signedIn.addChildren([start, pages])])

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: routes,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
