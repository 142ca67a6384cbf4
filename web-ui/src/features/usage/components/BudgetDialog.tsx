import { Button, Modal, NumberInput, Switch } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { limitsQuery, saveLimits, type Limits } from '@/shared/api/limits'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import classes from './BudgetPanel.module.css'

interface BudgetDialogProps {
  project: string
  limits: Limits
  onClose: () => void
}

export function BudgetDialog({ project, limits, onClose }: BudgetDialogProps) {
  const queryClient = useQueryClient()
  // The amount stays text: a binary fraction would not be the amount typed.
  const [amount, setAmount] = useState(limits.budget.amount?.value ?? '')
  const [concurrent, setConcurrent] = useState(String(limits.max_concurrent_requests ?? ''))
  const [share, setShare] = useState(limits.share)
  const shareChanged = share.weight !== limits.share.weight || share.priority !== limits.share.priority
  const saving = useMutation({
    mutationFn: () =>
      saveLimits(
        project,
        concurrent === '' ? null : Number(concurrent),
        amount === '' ? null : { value: amount, currency: limits.budget.spent.currency },
        shareChanged ? share : undefined,
      ),
    onSuccess: async (saved) => {
      queryClient.setQueryData(limitsQuery(project).queryKey, saved)
      await queryClient.invalidateQueries({ queryKey: ['project', project, 'overview'] })
      notifications.show({ title: 'Limits saved', message: 'They hold for the next request.', color: 'teal' })
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <Modal opened onClose={onClose} title="Budget and limits">
      <form onSubmit={submit} className={classes.form}>
        <NumberInput
          label="Monthly budget"
          description="In US dollars, for a calendar month in UTC. Requests beyond it are refused. Empty: no budget."
          prefix="$"
          min={0}
          decimalScale={6}
          hideControls
          value={amount}
          onValueChange={({ value }) => setAmount(value)}
          data-autofocus
        />
        <NumberInput
          label="Requests at a time"
          description="More than these are refused with 429 until one ends."
          min={1}
          allowDecimal={false}
          required
          withAsterisk={false}
          hideControls
          value={concurrent}
          onValueChange={({ value }) => setConcurrent(value)}
        />
        <NumberInput
          label="Weight on busy runners"
          description="The project's part of their time against other projects' weights. Only the operator of this installation changes it."
          min={1}
          max={1000}
          allowDecimal={false}
          required
          withAsterisk={false}
          hideControls
          value={share.weight}
          onValueChange={({ floatValue }) => setShare({ ...share, weight: floatValue ?? 1 })}
        />
        <Switch
          label="May ask for priority"
          description="Requests with service_tier priority go before all others. Only the operator changes it."
          checked={share.priority}
          onChange={(event) => setShare({ ...share, priority: event.currentTarget.checked })}
        />
        <DialogFailure error={saving.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  )
}
