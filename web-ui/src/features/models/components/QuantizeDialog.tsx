import { Button, Modal, NumberInput, SegmentedControl } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { jobsQuery, quantize, type Target } from '../api/models'
import classes from './Models.module.css'

const notes: Record<string, string> = {
  int8: '8 bits a weight, multiplied as integers: the fastest for many requests at once.',
  q8: '8 bits a weight with a scale for each 32: nearest to the floats.',
  q4: '4 bits a weight: half the memory, and the farthest from the floats.',
  f16: '16 bits a weight, for CUDA devices; slow on a processor.',
  mixed: '4 bits where that costs least, 8 elsewhere. Finding out takes minutes.',
}

const MEGABYTE = 1e6

/** Asks for a format and begins the job that stores and measures it. */
export function QuantizeDialog({ model, onClose }: { model: string; onClose: () => void }) {
  const queryClient = useQueryClient()
  const [format, setFormat] = useState('q4')
  const [megabytes, setMegabytes] = useState('')
  const [divergence, setDivergence] = useState('')
  const mixed = format === 'mixed'
  const target: Target = {
    format,
    ...(mixed && megabytes !== '' && { max_bytes: Math.round(Number(megabytes) * MEGABYTE) }),
    ...(mixed && divergence !== '' && { max_divergence: Number(divergence) }),
  }
  const starting = useMutation({
    mutationFn: () => quantize(model, target),
    onSuccess: async () => {
      await queryClient.invalidateQueries(jobsQuery)
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    starting.mutate()
  }
  return (
    <Modal opened onClose={onClose} title={`Quantize ${model}`}>
      <form onSubmit={submit} className={classes.form}>
        <SegmentedControl aria-label="Format" fullWidth data={Object.keys(notes)} value={format} onChange={setFormat} />
        <p className={classes.reason} aria-live="polite">
          {notes[format]}
        </p>
        {mixed && (
          <>
            <NumberInput
              label="Size to come down to"
              description="In megabytes. Empty: as small as the divergence allows."
              suffix=" MB"
              min={1}
              hideControls
              disabled={divergence !== ''}
              value={megabytes}
              onValueChange={({ value }) => setMegabytes(value)}
            />
            <NumberInput
              label="Most divergence"
              description="From the floats, in nats. Empty: 0.010, what a default may cost."
              min={0}
              decimalScale={4}
              hideControls
              disabled={megabytes !== ''}
              value={divergence}
              onValueChange={({ value }) => setDivergence(value)}
            />
          </>
        )}
        <DialogFailure error={starting.error} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={starting.isPending}>
            Start
          </Button>
        </div>
      </form>
    </Modal>
  )
}
