import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { TestProviders } from '@/shared/testing/TestProviders'
import { CreateKeyDialog } from './CreateKeyDialog'
import { stateOf } from './KeyTable'
import { RevokeKeyDialog } from './RevokeKeyDialog'

const key = { id: 'key_1', name: 'batch', redacted_value: 'sk-proj-…abcd', created_at: 1 }

function server(status: number, body: object) {
  const fetched = vi.fn<typeof fetch>(async () => new Response(JSON.stringify(body), { status, headers: { 'x-request-id': 'req_1' } }))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

describe('the dialog that makes a key', () => {
  it('shows the secret once and closes only when it is saved', async () => {
    const fetched = server(200, { id: 'key_1', name: 'batch', value: 'sk-proj-secret' })
    const onClose = vi.fn()
    const user = userEvent.setup()
    render(<CreateKeyDialog project="proj_1" onClose={onClose} />, { wrapper: TestProviders })
    await user.type(screen.getByLabelText('Name'), ' batch ')
    await user.click(screen.getByRole('button', { name: 'Create key' }))
    expect((await screen.findByLabelText('Secret key')).textContent).toBe('sk-proj-secret')
    expect(JSON.parse(String(fetched.mock.calls[0]?.[1]?.body))).toEqual({ name: 'batch' })

    const done = screen.getByRole<HTMLButtonElement>('button', { name: 'Done' })
    expect(done.disabled).toBe(true)
    await user.keyboard('{Escape}')
    expect(onClose).not.toHaveBeenCalled()
    await user.click(screen.getByRole('button', { name: 'Copy key' }))
    expect(await navigator.clipboard.readText()).toBe('sk-proj-secret')
    await waitFor(() => expect(done.disabled).toBe(false))
    await user.click(done)
    expect(onClose).toHaveBeenCalledOnce()
  })

  it('keeps what was typed when the server refuses, and says why', async () => {
    server(400, { error: { message: 'That name is taken.', type: 'invalid_request_error', param: 'name', code: null } })
    const user = userEvent.setup()
    render(<CreateKeyDialog project="proj_1" onClose={vi.fn()} />, { wrapper: TestProviders })
    await user.type(screen.getByLabelText('Name'), 'batch')
    await user.click(screen.getByRole('button', { name: 'Create key' }))
    const alert = await screen.findByRole('alert')
    expect(alert.textContent).toContain('That name is taken.')
    expect(alert.textContent).toContain('req_1')
    expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('batch')
  })
})

describe('the dialog that revokes a key', () => {
  it('waits for the exact name of the key', async () => {
    const fetched = server(200, { deleted: true })
    const onClose = vi.fn()
    const user = userEvent.setup()
    render(<RevokeKeyDialog project="proj_1" apiKey={key} onClose={onClose} />, { wrapper: TestProviders })
    const revoke = screen.getByRole<HTMLButtonElement>('button', { name: 'Revoke key' })
    await user.type(screen.getByLabelText(/Type the key's name/), 'batc{Enter}')
    expect(revoke.disabled).toBe(true)
    expect(fetched).not.toHaveBeenCalled()
    await user.type(screen.getByLabelText(/Type the key's name/), 'h')
    await user.click(revoke)
    await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
    expect(fetched.mock.calls[0]?.[0]).toBe('/v1/organization/projects/proj_1/api_keys/key_1')
    expect(fetched.mock.calls[0]?.[1]?.method).toBe('DELETE')
  })
})

describe('the state of a key', () => {
  it('is revoked before it is expired', () => {
    expect(stateOf(key, 10)).toBe('active')
    expect(stateOf({ ...key, expires_at: 10 }, 10)).toBe('expired')
    expect(stateOf({ ...key, expires_at: 10, revoked_at: 5 }, 10)).toBe('revoked')
  })
})
