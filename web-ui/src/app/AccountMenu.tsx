import { Menu, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { asFailure } from '@/shared/api/failure'
import { sessionQuery, signOut } from '@/shared/api/session'
import { IconLogout } from '@/shared/ui/icons'
import classes from './AccountMenu.module.css'

export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  return async () => {
    try {
      await signOut()
    } catch (error) {
      const failure = asFailure(error)
      if (failure.status !== 401) {
        notifications.show({ color: 'red', title: 'Could not sign out', message: failure.message })
        return
      }
    }
    queryClient.clear()
    await navigate({ to: '/login' })
  }
}

export function AccountMenu() {
  const user = useQuery(sessionQuery).data?.user
  const leave = useSignOut()
  const name = user?.name || user?.email || ''
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className={classes.target} aria-label={`Account ${user?.email ?? ''}`}>
          <span aria-hidden>{name.slice(0, 1).toUpperCase()}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{name}</strong>
          {user?.name && <div>{user.email}</div>}
          <div>Role: {user?.role}</div>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
