import { NumberInput, Textarea } from '@mantine/core'
import type { Parameters } from '../state/conversation'
import classes from './AnswerColumn.module.css'

interface ParameterFieldsProps {
  parameters: Parameters
  onChange: (parameters: Parameters) => void
}

const numbers = [
  { name: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.1, placeholder: '1' },
  { name: 'topP', label: 'Top p', min: 0, max: 1, step: 0.05, placeholder: '1' },
  { name: 'maxTokens', label: 'Max tokens', min: 1, step: 16, placeholder: 'model limit', whole: true },
  { name: 'seed', label: 'Seed', step: 1, placeholder: 'random', whole: true },
] as const

export function ParameterFields({ parameters, onChange }: ParameterFieldsProps) {
  return (
    <div className={classes.parameters}>
      {numbers.map(({ name, label, ...limits }) => (
        <NumberInput
          key={name}
          size="xs"
          label={label}
          min={'min' in limits ? limits.min : undefined}
          max={'max' in limits ? limits.max : undefined}
          step={limits.step}
          placeholder={limits.placeholder}
          allowDecimal={!('whole' in limits)}
          value={parameters[name]}
          onChange={(value) => onChange({ ...parameters, [name]: String(value) })}
        />
      ))}
      <Textarea
        className={classes.stop}
        size="xs"
        label="Stop"
        description="Up to four texts, one a line"
        autosize
        minRows={1}
        maxRows={4}
        value={parameters.stop}
        onChange={(event) => onChange({ ...parameters, stop: event.currentTarget.value })}
      />
    </div>
  )
}
