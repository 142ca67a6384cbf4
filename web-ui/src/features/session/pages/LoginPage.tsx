import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, type FormEvent } from 'react'
import { asFailure, type ApiFailure } from '@/shared/api/failure'
import { sessionQuery, signIn } from '@/shared/api/session'
import { IconAlertTriangle } from '@/shared/ui/icons'
import { Logo } from '@/shared/ui/Logo'
import classes from './LoginPage.module.css'

export function explainSignIn(failure: ApiFailure): string {
  if (failure.status === 401) return 'E-mail or password is wrong.'
  if (failure.status === 429) {
    const wait = Math.ceil(failure.retryAfterSeconds ?? 60)
    return `Too many failed attempts. Try again in ${wait} seconds.`
  }
  if (failure.isOffline) return 'The server cannot be reached. Check the address and your network.'
  return failure.requestId ? `${failure.message} (request id ${failure.requestId})` : failure.message
}

export function LoginPage() {
  const { next, ended } = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  return (
    <LoginForm
      notice={ended ? 'Your session has ended. Sign in again to go on.' : null}
      onSubmit={async (email, password) => {
        const session = await signIn(email, password)
        queryClient.clear()
        queryClient.setQueryData(sessionQuery.queryKey, session)
        await navigate({ href: next ?? '/', replace: true })
      }}
    />
  )
}

interface LoginFormProps {
  notice: string | null
  onSubmit: (email: string, password: string) => Promise<void>
}

export function LoginForm({ notice, onSubmit }: LoginFormProps) {
  const alert = useRef<HTMLDivElement>(null)
  const attempt = useMutation({ mutationFn: (form: { email: string; password: string }) => onSubmit(form.email, form.password) })
  const message = attempt.error ? explainSignIn(asFailure(attempt.error)) : null

  useEffect(() => {
    if (message) alert.current?.focus()
  }, [message, attempt.failureReason])

  // Fields keep their values in the page, so that what a password manager fills in counts whatever events it sends.
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    attempt.mutate({ email: String(fields.get('email')).trim(), password: String(fields.get('password')) })
  }

  return (
    <main className={classes.screen}>
      <title>Sign in · Postern</title>
      <div className={classes.card}>
        <Logo size={36} />
        <h1 className={classes.title}>Sign in to Postern</h1>
        {notice && !message && (
          <p className={classes.notice} role="status">
            {notice}
          </p>
        )}
        {message && (
          <div className={classes.alert} role="alert" tabIndex={-1} ref={alert}>
            <IconAlertTriangle size={18} aria-hidden />
            {message}
          </div>
        )}
        <form onSubmit={submit} className={classes.form}>
          <TextInput label="E-mail" name="email" type="email" autoComplete="username" required autoFocus size="md" withAsterisk={false} />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            size="md"
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          <Button type="submit" size="md" fullWidth loading={attempt.isPending}>
            Sign in
          </Button>
        </form>
        <p className={classes.hint}>
          The first administrator's password was printed when Postern was started for the first time.
        </p>
      </div>
    </main>
  )
}
