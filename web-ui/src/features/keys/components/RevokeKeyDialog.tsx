import { Button, Modal, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { keysQuery, type ApiKey } from '@/shared/api/keys'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { revokeKey } from '../api/keys'
import classes from './KeyDialog.module.css'

interface RevokeKeyDialogProps {
  project: string
  apiKey: ApiKey
  onClose: () => void
}

export function RevokeKeyDialog({ project, apiKey, onClose }: RevokeKeyDialogProps) {
  const queryClient = useQueryClient()
  const [typed, setTyped] = useState('')
  const name = apiKey.name || apiKey.redacted_value
  const revocation = useMutation({
    mutationFn: () => revokeKey(project, apiKey.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: keysQuery(project).queryKey })
      notifications.show({ title: 'Key revoked', message: name, color: 'teal' })
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed === name) revocation.mutate()
  }
  return (
    <Modal opened onClose={onClose} title="Revoke this key?">
      <form onSubmit={submit} className={classes.form}>
        <p className={classes.text}>
          Requests with <strong>{name}</strong> fail within a second, and a revoked key cannot be brought back.
        </p>
        <TextInput
          label={`Type the key's name to confirm: ${name}`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <DialogFailure error={revocation.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Keep the key
          </Button>
          <Button type="submit" className="danger" disabled={typed !== name} loading={revocation.isPending}>
            Revoke key
          </Button>
        </div>
      </form>
    </Modal>
  )
}
