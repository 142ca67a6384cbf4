import { ActionIcon, Button, Select } from '@mantine/core'
import { useState } from 'react'
import { IconCode, IconPlayerStop, IconX } from '@/shared/ui/icons'
import type { Run } from '../state/useRuns'
import type { Column } from '../state/conversation'
import { Answer } from './Answer'
import classes from './AnswerColumn.module.css'
import { ParameterFields } from './ParameterFields'

interface AnswerColumnProps {
  column: Column
  position: number
  models: string[]
  run: Run | undefined
  removable: boolean
  onChange: (column: Column) => void
  onStop: () => void
  onRemove: () => void
  onShowCode: () => void
  onContinue: (answer: string) => void
}

export function AnswerColumn({ column, position, models, run, removable, onChange, onStop, onRemove, onShowCode, onContinue }: AnswerColumnProps) {
  const [showParameters, setShowParameters] = useState(true)
  const name = `Answer ${position}`
  return (
    <section className={classes.column} aria-label={name}>
      <div className={classes.head}>
        <Select
          className={classes.model}
          aria-label={`Model of answer ${position}`}
          placeholder="Choose a model"
          searchable
          data={models}
          value={column.model}
          onChange={(model) => onChange({ ...column, model })}
        />
        <ActionIcon variant="default" size={36} aria-label={`Code for answer ${position}`} title="Code" disabled={!column.model} onClick={onShowCode}>
          <IconCode size={18} />
        </ActionIcon>
        {removable && (
          <ActionIcon variant="default" size={36} aria-label={`Remove answer ${position}`} onClick={onRemove}>
            <IconX size={18} />
          </ActionIcon>
        )}
      </div>
      <button type="button" className={classes.disclosure} aria-expanded={showParameters} onClick={() => setShowParameters(!showParameters)}>
        Parameters
      </button>
      {showParameters && <ParameterFields parameters={column.parameters} onChange={(parameters) => onChange({ ...column, parameters })} />}
      <div className={classes.answer}>
        {run ? <Answer run={run} name={name} onContinue={onContinue} /> : <p className={classes.idle}>The answer appears here.</p>}
      </div>
      {run?.status === 'running' && (
        <Button variant="default" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={onStop}>
          Stop
        </Button>
      )}
    </section>
  )
}
