import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { ApiFailure } from '@/shared/api/failure'
import { TestProviders } from '@/shared/testing/TestProviders'
import { LoginForm } from './LoginPage'

function show(onSubmit: (email: string, password: string) => Promise<void>, notice: string | null = null) {
  render(
    <TestProviders>
      <LoginForm notice={notice} onSubmit={onSubmit} />
    </TestProviders>,
  )
  return userEvent.setup()
}

async function signIn(user: ReturnType<typeof userEvent.setup>) {
  await user.type(screen.getByLabelText('E-mail'), ' ada@example.com')
  await user.click(screen.getByLabelText('Password'))
  await user.paste('pass word ')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
}

describe('the sign-in form', () => {
  it('lets password managers fill it in and passwords be pasted, and hands them on as they are', async () => {
    const onSubmit = vi.fn(async () => undefined)
    const user = show(onSubmit)
    expect(screen.getByLabelText('E-mail').getAttribute('autocomplete')).toBe('username')
    expect(screen.getByLabelText('Password').getAttribute('autocomplete')).toBe('current-password')
    await signIn(user)
    expect(onSubmit).toHaveBeenCalledWith('ada@example.com', 'pass word ')
  })

  it.each([
    [new ApiFailure('no', 401, 'invalid_credentials'), 'E-mail or password is wrong.'],
    [new ApiFailure('no', 429, 'rate_limit_exceeded', null, 41.2), 'Too many failed attempts. Try again in 42 seconds.'],
    [new ApiFailure('no', 0), 'The server cannot be reached. Check the address and your network.'],
    [new ApiFailure('Broken.', 500, null, 'req_7'), 'Broken. (request id req_7)'],
  ])('says why signing in failed, and takes the focus there', async (failure, text) => {
    const user = show(async () => Promise.reject(failure))
    await signIn(user)
    const alert = await screen.findByRole('alert')
    expect(alert.textContent).toBe(text)
    await waitFor(() => expect(document.activeElement).toBe(alert))
  })

  it('explains why a session that ended leads here', () => {
    show(async () => undefined, 'Your session has ended.')
    expect(screen.getByRole('status').textContent).toBe('Your session has ended.')
  })
})
