import { Button, Kbd, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type KeyboardEvent } from 'react'
import { modelsQuery } from '@/shared/api/models'
import { useScope } from '@/shared/state/scope'
import { FailureNote } from '@/shared/ui/FailureNote'
import { IconPlayerPlay, IconPlus } from '@/shared/ui/icons'
import { Page } from '@/shared/ui/Page'
import { SnippetTabs } from '@/shared/ui/SnippetTabs'
import { AnswerColumn } from '../components/AnswerColumn'
import { Conversation } from '../components/Conversation'
import { chatBody, MOST_COLUMNS, newColumn, newTurn, suggestedModel, type Column } from '../state/conversation'
import { useRuns } from '../state/useRuns'
import classes from './PlaygroundPage.module.css'

export function PlaygroundPage() {
  const { project } = useScope()
  // Another project is another playground: nothing written here may go with the reader.
  return <Playground key={project} project={project} />
}

function Playground({ project }: { project: string }) {
  const models = useQuery(modelsQuery(project))
  const [system, setSystem] = useState('')
  const [turns, setTurns] = useState(() => [newTurn('user')])
  const [columns, setColumns] = useState(() => [newColumn()])
  const [codeOf, setCodeOf] = useState<string | null>(null)
  const { runs, start, stop } = useRuns(project)

  const modelOf = (column: Column) => column.model ?? suggestedModel(models.data ?? [])
  const bodyOf = (column: Column) => chatBody(modelOf(column) ?? '', system, turns, column.parameters)
  const running = columns.filter(({ id }) => runs[id]?.status === 'running')
  const ready = columns.every(modelOf) && turns.some(({ content }) => content.trim() !== '')

  const runAll = () => {
    if (!ready) return
    for (const column of columns) void start(column.id, bodyOf(column))
  }
  const runOnKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    runAll()
  }
  const shownCode = columns.find(({ id }) => id === codeOf)

  return (
    <Page
      title="Playground"
      description="Try models with the same messages, side by side. Calls are metered like any other."
      actions={
        <>
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            disabled={columns.length === MOST_COLUMNS}
            onClick={() => setColumns([...columns, newColumn(columns.at(-1))])}
          >
            Compare
          </Button>
          {running.length > 0 ? (
            <Button className="danger" onClick={() => running.forEach(({ id }) => stop(id))}>
              {running.length > 1 ? 'Stop all' : 'Stop answer'}
            </Button>
          ) : (
            <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} disabled={!ready} onClick={runAll} rightSection={<Kbd size="xs" className={classes.keys}>Ctrl ↵</Kbd>}>
              Run
            </Button>
          )}
        </>
      }
    >
      {models.error && <FailureNote error={models.error} what="the models" onRetry={() => void models.refetch()} />}
      <div className={classes.layout} onKeyDown={runOnKey}>
        <Conversation system={system} turns={turns} onSystem={setSystem} onTurns={setTurns} />
        <div className={classes.columns}>
          {columns.map((column, index) => (
            <AnswerColumn
              key={column.id}
              column={{ ...column, model: modelOf(column) }}
              position={index + 1}
              models={models.data ?? []}
              run={runs[column.id]}
              removable={columns.length > 1}
              onChange={(changed) => setColumns(columns.map((one) => (one.id === column.id ? changed : one)))}
              onStop={() => stop(column.id)}
              onRemove={() => {
                stop(column.id)
                setColumns(columns.filter(({ id }) => id !== column.id))
              }}
              onShowCode={() => setCodeOf(column.id)}
              onContinue={(answer) => setTurns([...turns.filter(({ content }) => content !== ''), newTurn('assistant', answer), newTurn('user')])}
            />
          ))}
        </div>
      </div>
      <Modal opened={shownCode !== undefined} onClose={() => setCodeOf(null)} title="The same call in code" size="lg">
        {shownCode && <SnippetTabs body={bodyOf(shownCode)} />}
      </Modal>
    </Page>
  )
}
