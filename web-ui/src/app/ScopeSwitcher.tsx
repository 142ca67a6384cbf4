import { Button, Menu } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { projectsQuery, sessionQuery } from '@/shared/api/session'
import { useScope } from '@/shared/state/scope'
import { IconCheck, IconSelector } from '@/shared/ui/icons'
import classes from './ScopeSwitcher.module.css'

/** Switching drops what the cache holds of the project left behind. */
export function useSwitchProject(): (project: string) => void {
  const scope = useScope()
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  return (project) => {
    void navigate({ to: '/o/$org/p/$project/home', params: { org: scope.org, project } }).then(() => {
      if (project !== scope.project) queryClient.removeQueries({ queryKey: ['project', scope.project] })
    })
  }
}

export function ScopeSwitcher() {
  const scope = useScope()
  const organization = useQuery(sessionQuery).data?.organization
  const projects = useQuery(projectsQuery).data ?? []
  const switchProject = useSwitchProject()
  const current = projects.find((project) => project.id === scope.project)
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          className={classes.target}
          rightSection={<IconSelector size={16} aria-hidden />}
        >
          <span className="only-spoken">Switch project:</span>
          <span className={classes.organization}>{organization?.name} /</span>
          <span className={classes.project}>{current?.name ?? 'No project'}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Projects of {organization?.name}</Menu.Label>
        {projects.map((project) => (
          <Menu.Item
            key={project.id}
            rightSection={project.id === scope.project ? <IconCheck size={16} aria-label="current" /> : null}
            onClick={() => switchProject(project.id)}
          >
            <span className={classes.item}>{project.name}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
