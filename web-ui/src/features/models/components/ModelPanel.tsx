import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { bytes } from '@/shared/format/bytes'
import { count, percent, shortCount } from '@/shared/format/numbers'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { FactList } from '@/shared/ui/FactList'
import { Panel } from '@/shared/ui/Panel'
import { PlainTable } from '@/shared/ui/PlainTable'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import { installedModelsQuery, jobsQuery, measure, serve, type Card, type InstalledModel, type StoredFormat } from '../api/models'
import classes from './Models.module.css'
import { QualityPlot } from './QualityPlot'
import { QuantizeDialog } from './QuantizeDialog'

const cardFacts = (card: Card) =>
  [
    ['Name in its file', card.title],
    ['Family', card.family],
    ['Architecture', card.architecture],
    ['Layers', count(card.layers)],
    ['Parameters', `${count(card.parameters)} (${card.parts.map(({ name, parameters }) => `${name} ${percent(parameters / card.parameters)}`).join(', ')})`],
    ['Tokenizer', `${card.tokenizer}, ${count(card.vocabulary)} tokens`],
    ['Chat template', card.templated ? 'its own' : 'none; a plain one is used'],
    ['Licence', card.licence],
    ['Source', card.source],
    ['Source digest', <code key="source" className="mono">{card.source_digest}</code>],
  ] as const

function factsOf(model: InstalledModel) {
  const common = [
    ['Context', `${count(model.context_length)} tokens`],
    ['Digest', <code key="digest" className="mono">{model.digest}</code>],
  ] as const
  return model.card ? [...cardFacts(model.card), ...common] : ([['Vector', `${count(model.width)} numbers`], ...common] as const)
}

function Use({ model, format }: { model: InstalledModel; format: StoredFormat }) {
  const queryClient = useQueryClient()
  const serving = useMutation({
    mutationFn: () => serve(model.name, format.digest),
    onSuccess: () => queryClient.invalidateQueries(installedModelsQuery),
  })
  if (format.served) {
    return (
      <StatusBadge tone="ok" icon="check">
        served
      </StatusBadge>
    )
  }
  if (!format.servable) {
    return (
      <StatusBadge tone="quiet" icon="ban">
        not on this processor
      </StatusBadge>
    )
  }
  return (
    <>
      <Button size="xs" variant="default" loading={serving.isPending} onClick={() => serving.mutate()} aria-label={`Serve ${format.name} of ${model.name}`}>
        Serve {format.name}
      </Button>
      <DialogFailure error={serving.error} />
    </>
  )
}

function rowOf(model: InstalledModel, format: StoredFormat) {
  const { quality } = format
  const figures = quality
    ? [
        quality.tokens_per_cpu_second.toFixed(1),
        quality.tokens_per_cpu_second_of_8.toFixed(1),
        quality.divergence.toFixed(4),
        `${quality.perplexity.toFixed(3)} (${quality.perplexity_change < 0 ? '−' : '+'}${Math.abs(100 * quality.perplexity_change).toFixed(2)} %)`,
        percent(quality.agreement),
      ]
    : ['not measured', '–', '–', '–', '–']
  return [format.name, bytes(format.bytes), ...figures, <Use key="use" model={model} format={format} />]
}

function Actions({ model }: { model: InstalledModel }) {
  const queryClient = useQueryClient()
  const [quantizing, setQuantizing] = useState(false)
  const measuring = useMutation({ mutationFn: () => measure(model.name), onSuccess: () => queryClient.invalidateQueries(jobsQuery) })
  const measured = model.formats.every(({ quality }) => quality !== null)
  return (
    <>
      {!measured && (
        <Button size="xs" variant="default" loading={measuring.isPending} onClick={() => measuring.mutate()} aria-label={`Measure ${model.name}`}>
          Measure
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => setQuantizing(true)} aria-label={`Quantize to… ${model.name}`}>
        Quantize to…
      </Button>
      <DialogFailure error={measuring.error} />
      {quantizing && <QuantizeDialog model={model.name} onClose={() => setQuantizing(false)} />}
    </>
  )
}

export function ModelPanel({ model }: { model: InstalledModel }) {
  const served = model.formats.find((format) => format.served)
  return (
    <div className={classes.stack}>
      <Panel
        title={model.name}
        note={[model.role, model.card && `${shortCount(model.card.parameters)} parameters`, served && `served as ${served.name}`].filter(Boolean).join(' · ')}
        actions={model.card && <Actions model={model} />}
      >
        <FactList facts={factsOf(model)} />
        {served && <p className={classes.why}>{`Served as ${served.name}: ${model.why}.`}</p>}
      </Panel>
      {model.formats.length > 0 && (
        <Panel title={`Formats of ${model.name}`} note="speed in tokens per second of one core" flush>
          <div className={classes.scroll} tabIndex={0} role="region" aria-label={`Table of the formats of ${model.name}`}>
            <PlainTable
              caption={`Formats of ${model.name}`}
              columns={['Format', 'Size', '1 request', '8 requests', 'KL, nats', 'Perplexity', 'Agreement', 'Use']}
              rows={model.formats.map((format) => rowOf(model, format))}
            />
          </div>
        </Panel>
      )}
      <QualityPlot model={model} />
    </div>
  )
}
