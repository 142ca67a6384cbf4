import { Button, Popover, SegmentedControl } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type FormEvent } from 'react'
import { ranges, useSetTime, useTimeRange, type RangeName } from '@/shared/state/timeRange'
import { IconCalendar, IconCheck } from '@/shared/ui/icons'
import classes from './TimeRangePicker.module.css'

function toInput(seconds: number, utc: boolean): string {
  const shift = utc ? 0 : new Date(seconds * 1_000).getTimezoneOffset() * 60
  return new Date((seconds - shift) * 1_000).toISOString().slice(0, 16)
}

function fromInput(value: string, utc: boolean): number {
  return Math.floor(new Date(utc ? `${value}Z` : value).getTime() / 1_000)
}

export function TimeRangePicker() {
  const [opened, popover] = useDisclosure(false)
  const range = useTimeRange()
  const setTime = useSetTime()
  const zoneLabel = range.zone === 'utc' ? 'UTC' : 'Local'
  const choose = (name: RangeName) => {
    setTime({ range: name, from: undefined, to: undefined })
    popover.close()
  }
  const chosen = range.search.from === undefined ? (range.search.range ?? '24h') : null
  return (
    <Popover opened={opened} onChange={popover.toggle} position="bottom-end" width={300} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          onClick={popover.toggle}
          className={classes.target}
          leftSection={<IconCalendar size={16} aria-hidden />}
        >
          <span className="only-spoken">Time range:</span> <span className={classes.label}>{range.label}</span>{' '}
          <span className={classes.zone}>{zoneLabel}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time range">
        <div className={classes.ranges}>
          {Object.entries(ranges).map(([name, label]) => (
            <button key={name} type="button" className={classes.range} aria-pressed={name === chosen} onClick={() => choose(name as RangeName)}>
              {label}
              {name === chosen && <IconCheck size={16} aria-hidden />}
            </button>
          ))}
        </div>
        <FixedRange key={range.key + range.zone} onDone={popover.close} />
        <SegmentedControl
          fullWidth
          aria-label="Time zone"
          value={range.zone}
          onChange={(zone) => setTime({ zone: zone === 'utc' ? 'utc' : undefined })}
          data={[
            { value: 'local', label: 'Local time' },
            { value: 'utc', label: 'UTC' },
          ]}
        />
      </Popover.Dropdown>
    </Popover>
  )
}

function FixedRange({ onDone }: { onDone: () => void }) {
  const range = useTimeRange()
  const setTime = useSetTime()
  const [shown] = useState(() => range.window())
  const [problem, setProblem] = useState<string | null>(null)
  const utc = range.zone === 'utc'
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const from = fromInput(String(fields.get('from')), utc)
    const to = fromInput(String(fields.get('to')), utc)
    if (!(from < to)) {
      setProblem('The end must be after the start.')
      return
    }
    setTime({ range: undefined, from, to })
    onDone()
  }
  return (
    <form className={classes.fixed} onSubmit={submit}>
      <label>
        From
        <input type="datetime-local" name="from" required defaultValue={toInput(shown.start, utc)} />
      </label>
      <label>
        To
        <input type="datetime-local" name="to" required defaultValue={toInput(shown.end, utc)} />
      </label>
      {problem && <p role="alert">{problem}</p>}
      <Button type="submit" variant="default" size="xs">
        Use this range
      </Button>
    </form>
  )
}
