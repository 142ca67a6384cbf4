import { Button, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { modelsQuery } from '@/shared/api/models'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { adaptersQuery, removeAdapter, type Adapter } from '../api/adapters'
import classes from './AdapterDialog.module.css'

interface RemoveAdapterDialogProps {
  project: string
  adapter: Adapter
  onClose: () => void
}

export function RemoveAdapterDialog({ project, adapter, onClose }: RemoveAdapterDialogProps) {
  const queryClient = useQueryClient()
  const removal = useMutation({
    mutationFn: () => removeAdapter(adapter.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: adaptersQuery(project).queryKey })
      await queryClient.invalidateQueries({ queryKey: modelsQuery(project).queryKey })
      notifications.show({ title: 'Adapter removed', message: adapter.model, color: 'teal' })
      onClose()
    },
  })
  return (
    <Modal opened onClose={onClose} title="Remove this adapter?">
      <div className={classes.form}>
        <p className={classes.text}>
          Requests for <strong>{adapter.model}</strong> fail within a second; those that run go on to their end. Its files are deleted.
        </p>
        <DialogFailure error={removal.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button className="danger" loading={removal.isPending} onClick={() => removal.mutate()}>
            Remove adapter
          </Button>
        </div>
      </div>
    </Modal>
  )
}
