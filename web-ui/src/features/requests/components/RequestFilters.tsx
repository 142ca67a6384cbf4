import { Button, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { keysQuery } from '@/shared/api/keys'
import { modelsQuery } from '@/shared/api/models'
import { useScope } from '@/shared/state/scope'
import { IconX } from '@/shared/ui/icons'
import { outcomes, type Outcome, type RequestFilters as Filters } from '../search'
import { outcomeLabels } from './OutcomeBadge'
import classes from './RequestFilters.module.css'

/** Keeps a filter that the list does not know any more, such as a deleted model. */
function withChosen(data: { value: string; label: string }[], chosen: string | undefined) {
  return !chosen || data.some(({ value }) => value === chosen) ? data : [...data, { value: chosen, label: chosen }]
}

interface RequestFiltersProps {
  filters: Filters
  onChange: (change: Filters) => void
}

export function RequestFilters({ filters, onChange }: RequestFiltersProps) {
  const { project } = useScope()
  const models = (useQuery(modelsQuery(project)).data ?? []).map((id) => ({ value: id, label: id }))
  const keys = (useQuery(keysQuery(project)).data ?? []).map((key) => ({ value: key.id, label: key.name || key.redacted_value }))
  const isFiltered = Boolean(filters.model || filters.key || filters.outcome)
  return (
    <div className={classes.filters} role="group" aria-label="Filters">
      <Select
        aria-label="Outcome"
        placeholder="Any outcome"
        clearable
        clearButtonProps={{ 'aria-label': 'Clear the outcome' }}
        data={outcomes.map((value) => ({ value, label: outcomeLabels[value] }))}
        value={filters.outcome ?? null}
        onChange={(value) => onChange({ outcome: (value as Outcome | null) ?? undefined })}
      />
      <Select
        aria-label="Model"
        placeholder="Any model"
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Clear the model' }}
        data={withChosen(models, filters.model)}
        value={filters.model ?? null}
        onChange={(value) => onChange({ model: value ?? undefined })}
      />
      <Select
        aria-label="Key"
        placeholder="Any key"
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Clear the key' }}
        data={withChosen(keys, filters.key)}
        value={filters.key ?? null}
        onChange={(value) => onChange({ key: value ?? undefined })}
      />
      {isFiltered && (
        <Button
          variant="subtle"
          leftSection={<IconX size={14} aria-hidden />}
          onClick={() => onChange({ model: undefined, key: undefined, outcome: undefined })}
        >
          Clear filters
        </Button>
      )}
    </div>
  )
}
