import { Button, Modal, Select, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { modelsQuery } from '@/shared/api/models'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { adaptersQuery, addAdapter, type NewAdapter } from '../api/adapters'
import classes from './AdapterDialog.module.css'

interface AddAdapterDialogProps {
  project: string
  onClose: () => void
}

export function AddAdapterDialog({ project, onClose }: AddAdapterDialogProps) {
  const queryClient = useQueryClient()
  const models = useQuery(modelsQuery(project))
  const bases = (models.data ?? []).filter((name) => !name.includes('@'))
  const [model, setModel] = useState<string | null>(null)
  const [name, setName] = useState('')
  const [config, setConfig] = useState<File | null>(null)
  const [weights, setWeights] = useState<File | null>(null)
  const [sent, setSent] = useState(0)
  const addition = useMutation({
    mutationFn: (added: NewAdapter) => addAdapter(added, setSent),
    onSuccess: async (added) => {
      await queryClient.invalidateQueries({ queryKey: adaptersQuery(project).queryKey })
      await queryClient.invalidateQueries({ queryKey: modelsQuery(project).queryKey })
      notifications.show({ title: 'Adapter imported', message: added.model, color: 'teal' })
      onClose()
    },
  })
  const complete = model && name.trim() && config && weights ? { project, model, name: name.trim(), config, weights } : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!complete) return
    setSent(0)
    addition.mutate(complete)
  }
  return (
    <Modal opened onClose={onClose} title="Import an adapter">
      <form onSubmit={submit} className={classes.form}>
        <Select label="Model" description="What the adapter was trained on." data={bases} value={model} onChange={setModel} data-autofocus />
        <TextInput
          label="Name"
          description={`Programs call it ${model ?? 'MODEL'}@${name.trim() || 'name'}.`}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={64}
          autoComplete="off"
        />
        <FileField label="adapter_config.json" accept=".json" onChange={setConfig} />
        <FileField label="adapter_model.safetensors" accept=".safetensors" onChange={setWeights} />
        {addition.isPending && (
          <div>
            <progress className={classes.progress} value={sent} max={1} aria-label="Upload" />
            <p className={classes.text} role="status">
              {sent < 1 ? `${Math.floor(sent * 100)} % sent` : 'A runner is checking it.'}
            </p>
          </div>
        )}
        <DialogFailure error={addition.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={addition.isPending} disabled={!complete}>
            Import adapter
          </Button>
        </div>
      </form>
    </Modal>
  )
}

function FileField({ label, accept, onChange }: { label: string; accept: string; onChange: (file: File | null) => void }) {
  return (
    <label className={classes.file}>
      {label}
      <input type="file" accept={accept} onChange={(event) => onChange(event.currentTarget.files?.[0] ?? null)} />
    </label>
  )
}
