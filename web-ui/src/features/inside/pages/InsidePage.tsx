import { Button, NativeSelect, SegmentedControl, Textarea } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { modelsQuery } from '@/shared/api/models'
import { useScope } from '@/shared/state/scope'
import { FailureNote } from '@/shared/ui/FailureNote'
import { Page } from '@/shared/ui/Page'
import { Panel } from '@/shared/ui/Panel'
import { explain, probe } from '../api/explain'
import { ExplanationView } from '../components/ExplanationView'
import { MemorisationView } from '../components/MemorisationView'

const modes = [
  { value: 'answer', label: 'Explain an answer' },
  { value: 'text', label: 'Probe a text' },
]

export function InsidePage() {
  const { project } = useScope()
  // What was written for one project stays there.
  return <Inside key={project} project={project} />
}

function Inside({ project }: { project: string }) {
  const models = useQuery(modelsQuery(project))
  const [chosen, setChosen] = useState<string | null>(null)
  const [mode, setMode] = useState('answer')
  const [text, setText] = useState('')
  const [answer, setAnswer] = useState('')
  const model = chosen ?? models.data?.find((id) => /instruct|chat/.test(id)) ?? models.data?.[0]
  const explanation = useMutation({ mutationFn: (asked: { model: string }) => explain(project, asked.model, text, answer) })
  const memorisation = useMutation({ mutationFn: (asked: { model: string }) => probe(project, asked.model, text) })
  const work = mode === 'answer' ? explanation : memorisation
  return (
    <Page title="See inside" description="Why a model answers as it does. An explanation reads the prompt many times, takes seconds, and is charged for all it reads.">
      {models.error && <FailureNote error={models.error} what="the models" onRetry={() => void models.refetch()} />}
      <Panel title="Question" actions={<SegmentedControl size="xs" aria-label="What to look into" data={modes} value={mode} onChange={setMode} />}>
        <NativeSelect label="Model" data={models.data ?? []} value={model ?? ''} onChange={(event) => setChosen(event.currentTarget.value)} />
        <Textarea label={mode === 'answer' ? 'Message' : 'Text'} autosize minRows={2} maxRows={8} mt="sm" value={text} onChange={(event) => setText(event.currentTarget.value)} />
        {mode === 'answer' && (
          <Textarea
            label="Answer"
            description="Leave it empty to have the model write one"
            autosize
            minRows={1}
            maxRows={6}
            mt="sm"
            value={answer}
            onChange={(event) => setAnswer(event.currentTarget.value)}
          />
        )}
        <Button mt="md" loading={work.isPending} disabled={!model || text.trim() === ''} onClick={() => model && work.mutate({ model })}>
          Look inside
        </Button>
      </Panel>
      {work.error && <FailureNote error={work.error} what="the explanation" onRetry={() => model && work.mutate({ model })} />}
      {mode === 'answer' && explanation.data && <ExplanationView found={explanation.data} />}
      {mode === 'text' && memorisation.data && <MemorisationView found={memorisation.data} />}
    </Page>
  )
}
