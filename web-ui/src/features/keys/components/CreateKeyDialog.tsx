import { Button, Checkbox, Modal, Select, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { keysQuery } from '@/shared/api/keys'
import { CopyButton } from '@/shared/ui/CopyButton'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { createKey, type CreatedKey } from '../api/keys'
import classes from './KeyDialog.module.css'

const expiries = [
  { value: '', label: 'Never' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
]

interface CreateKeyDialogProps {
  project: string
  onClose: () => void
}

export function CreateKeyDialog({ project, onClose }: CreateKeyDialogProps) {
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const [expiry, setExpiry] = useState('')
  const creation = useMutation({
    mutationFn: () => createKey(project, name.trim(), expiry ? Number(expiry) : null),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keysQuery(project).queryKey }),
    // The secret must not outlive the dialog in the cache.
    gcTime: 0,
  })
  const created = creation.data
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim()) creation.mutate()
  }
  return (
    // With the secret on the screen only its own button closes the dialog: the secret cannot be shown again.
    <Modal
      opened
      onClose={onClose}
      title={created ? 'Save your key' : 'Create an API key'}
      withCloseButton={!created}
      closeOnEscape={!created}
      closeOnClickOutside={!created}
    >
      {created ? (
        <Secret created={created} onClose={onClose} />
      ) : (
        <form onSubmit={submit} className={classes.form}>
          <TextInput
            label="Name"
            description="What uses this key: a service, a script, a person."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={100}
            required
            withAsterisk={false}
            data-autofocus
            autoComplete="off"
          />
          <Select label="Expires" data={expiries} value={expiry} onChange={(value) => setExpiry(value ?? '')} />
          <DialogFailure error={creation.error} />
          <div className={classes.buttons}>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={creation.isPending} disabled={!name.trim()}>
              Create key
            </Button>
          </div>
        </form>
      )}
    </Modal>
  )
}

function Secret({ created, onClose }: { created: CreatedKey; onClose: () => void }) {
  const [saved, setSaved] = useState(false)
  return (
    <div className={classes.form}>
      <p className={classes.text}>
        This is the only time that the secret of <strong>{created.name}</strong> is shown. Store it where your program reads its secrets.
      </p>
      <div className={classes.secret}>
        <code className="mono" aria-label="Secret key">
          {created.value}
        </code>
        <CopyButton text={created.value} label="Copy key" onCopied={() => setSaved(true)} />
      </div>
      <Checkbox label="I have saved this key" checked={saved} onChange={(event) => setSaved(event.currentTarget.checked)} />
      <div className={classes.buttons}>
        <Button onClick={onClose} disabled={!saved}>
          Done
        </Button>
      </div>
    </div>
  )
}
