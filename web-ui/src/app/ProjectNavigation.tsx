import { Link } from '@tanstack/react-router'
import { useScope } from '@/shared/state/scope'
import { navigation } from './navigation'
import classes from './ProjectNavigation.module.css'

export function ProjectNavigation({ onNavigate }: { onNavigate: () => void }) {
  const scope = useScope()
  return (
    <nav aria-label="Project">
      {navigation.map(({ group, entries }) => (
        <div key={group ?? 'start'} className={classes.group}>
          {group && (
            <h2 className={classes.heading} id={`nav-${group}`}>
              {group}
            </h2>
          )}
          <ul className={classes.list} aria-labelledby={group ? `nav-${group}` : undefined}>
            {entries.map(({ path, label, icon: Icon }) => (
              <li key={path}>
                <Link
                  to={`/o/$org/p/$project/${path}`}
                  params={scope}
                  className={classes.link}
                  activeProps={{ 'data-active': true }}
                  activeOptions={{ includeSearch: false }}
                  onClick={onNavigate}
                >
                  <Icon size={18} stroke={1.7} aria-hidden />
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}
