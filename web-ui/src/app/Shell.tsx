import { AppShell, Burger } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { projectsQuery, sessionQuery } from '@/shared/api/session'
import { useScope } from '@/shared/state/scope'
import { Logo } from '@/shared/ui/Logo'
import { AccountMenu } from './AccountMenu'
import { CommandPalette, CommandPaletteButton } from './CommandPalette'
import { Missing } from './Broken'
import { OfflineBanner } from './OfflineBanner'
import { ProjectNavigation } from './ProjectNavigation'
import { ScopeSwitcher } from './ScopeSwitcher'
import classes from './Shell.module.css'
import { ThemeToggle } from './ThemeToggle'
import { TimeRangePicker } from './TimeRangePicker'

/** Everything around a project's pages. It never depends on a page's data, so it stands when a page fails. */
export function Shell() {
  const [menuOpen, menu] = useDisclosure(false)
  const scope = useScope()
  const session = useQuery(sessionQuery).data
  const projects = useQuery(projectsQuery).data ?? []
  const pathname = useRouterState({ select: (state) => state.location.pathname })
  const main = useRef<HTMLElement>(null)
  const shownPath = useRef(pathname)

  // A new page takes the focus, as a page load would.
  useEffect(() => {
    if (shownPath.current === pathname) return
    shownPath.current = pathname
    main.current?.focus({ preventScroll: true })
  }, [pathname])

  const isKnown = session?.organization.id === scope.org && projects.some((project) => project.id === scope.project)

  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }} padding={0}>
      <a href="#main" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </a>
      <AppShell.Header className={classes.header}>
        <Burger
          opened={menuOpen}
          onClick={menu.toggle}
          hiddenFrom="sm"
          size="sm"
          aria-label={menuOpen ? 'Close the navigation' : 'Open the navigation'}
          aria-expanded={menuOpen}
        />
        <span className={classes.brand}>
          <Logo size={26} />
          <span className={classes.name}>Postern</span>
        </span>
        <ScopeSwitcher />
        <div className={classes.tools}>
          <CommandPaletteButton />
          <TimeRangePicker />
          <ThemeToggle />
          <AccountMenu />
        </div>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <ProjectNavigation onNavigate={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} ref={main} className={classes.main}>
        <OfflineBanner />
        {isKnown ? <Outlet /> : session && <Missing what="There is no such project, or you have no part in it." />}
      </AppShell.Main>
      <CommandPalette />
    </AppShell>
  )
}
