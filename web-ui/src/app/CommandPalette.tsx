import { ActionIcon, Kbd, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { openSpotlight, Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { projectsQuery } from '@/shared/api/session'
import { useScope } from '@/shared/state/scope'
import { IconLogout, IconMoon, IconSearch, IconSelector, IconSun } from '@/shared/ui/icons'
import { useSignOut } from './AccountMenu'
import classes from './CommandPalette.module.css'
import { navigation } from './navigation'
import { useSwitchProject } from './ScopeSwitcher'

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)

export function CommandPaletteButton() {
  return (
    <>
      <UnstyledButton className={classes.button} onClick={openSpotlight} visibleFrom="lg">
        <IconSearch size={16} aria-hidden />
        <span>Go to…</span>
        <Kbd size="xs" className={classes.keys}>
          {isApple ? '⌘ K' : 'Ctrl K'}
        </Kbd>
      </UnstyledButton>
      <ActionIcon variant="subtle" color="gray" size="lg" c="var(--ink-soft)" hiddenFrom="lg" aria-label="Go to a page or run a command" onClick={openSpotlight}>
        <IconSearch size={19} />
      </ActionIcon>
    </>
  )
}

export function CommandPalette() {
  const scope = useScope()
  const navigate = useNavigate()
  const projects = useQuery(projectsQuery).data ?? []
  const switchProject = useSwitchProject()
  const leave = useSignOut()
  const { setColorScheme } = useMantineColorScheme()

  const actions: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: navigation.flatMap(({ group, entries }) =>
        entries.map(({ path, label, icon: Icon }) => ({
          id: `page-${path}`,
          label,
          description: group ?? undefined,
          leftSection: <Icon size={18} aria-hidden />,
          onClick: () => void navigate({ to: `/o/$org/p/$project/${path}`, params: scope }),
        })),
      ),
    },
    {
      group: 'Projects',
      actions: projects
        .filter((project) => project.id !== scope.project)
        .map((project) => ({
          id: `project-${project.id}`,
          label: `Switch to ${project.name}`,
          leftSection: <IconSelector size={18} aria-hidden />,
          onClick: () => switchProject(project.id),
        })),
    },
    {
      group: 'Actions',
      actions: [
        { id: 'theme-light', label: 'Use the light theme', leftSection: <IconSun size={18} aria-hidden />, onClick: () => setColorScheme('light') },
        { id: 'theme-dark', label: 'Use the dark theme', leftSection: <IconMoon size={18} aria-hidden />, onClick: () => setColorScheme('dark') },
        { id: 'sign-out', label: 'Sign out', leftSection: <IconLogout size={18} aria-hidden />, onClick: () => void leave() },
      ],
    },
  ]

  return (
    <Spotlight
      actions={actions}
      shortcut="mod + K"
      tagsToIgnore={[]}
      scrollable
      maxHeight={420}
      highlightQuery
      attributes={{ content: { 'aria-label': 'Go to a page or run a command' } }}
      nothingFound="Nothing with that name"
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: 'Go to a page, switch project…', 'aria-label': 'Command' }}
    />
  )
}
