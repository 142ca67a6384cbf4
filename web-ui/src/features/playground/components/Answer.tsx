import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { exactMoney, requestMoney } from '@/shared/format/money'
import { count, milliseconds } from '@/shared/format/numbers'
import { useScope } from '@/shared/state/scope'
import { CopyButton } from '@/shared/ui/CopyButton'
import { FactList } from '@/shared/ui/FactList'
import { FailureNote } from '@/shared/ui/FailureNote'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import { billQuery } from '../api/bill'
import { tokensPerSecond, type Run } from '../state/useRuns'
import classes from './Answer.module.css'

/** Whole sentences only: a screen reader would otherwise stumble over every token. */
export function finishedSentences(text: string, isEnded: boolean): string[] {
  const sentences = text.match(/[^.!?\n]+[.!?\n]*\s*/g) ?? []
  return isEnded ? sentences : sentences.slice(0, -1)
}

function Ending({ run }: { run: Run }) {
  if (run.status === 'running') return <StatusBadge tone="info" icon="dot">Streaming</StatusBadge>
  if (run.status === 'stopped') return <StatusBadge tone="quiet" icon="stop">Stopped</StatusBadge>
  if (run.status === 'failed') return <StatusBadge tone="bad" icon="cross">Failed</StatusBadge>
  switch (run.finishReason) {
    case 'stop':
      return <StatusBadge tone="ok" icon="check">Finished: stop</StatusBadge>
    case 'length':
      return <StatusBadge tone="warn" icon="warning">Cut: length</StatusBadge>
    case 'content_filter':
      return <StatusBadge tone="bad" icon="ban">Blocked: content filter</StatusBadge>
    default:
      return <StatusBadge tone="quiet" icon="dot">{run.finishReason ?? 'Ended'}</StatusBadge>
  }
}

interface AnswerProps {
  run: Run
  name: string
  onContinue: (answer: string) => void
}

export function Answer({ run, name, onContinue }: AnswerProps) {
  const running = run.status === 'running'
  return (
    <div className={classes.answer}>
      <Ending run={run} />
      {run.text && (
        <div className={classes.text} aria-busy={running} data-testid="answer">
          {run.text}
          {running && <span className={classes.caret} aria-hidden />}
        </div>
      )}
      <div className="only-spoken" aria-live="polite" aria-label={name} role="log">
        {finishedSentences(run.text, !running).map((sentence, index) => (
          <span key={index}>{sentence}</span>
        ))}
      </div>
      {run.failure && <FailureNote error={run.failure} what="the answer" />}
      {!running && <Measures run={run} />}
      {!running && run.text && (
        <div className={classes.actions}>
          <CopyButton text={run.text} label="Copy answer" />
          <Button variant="default" size="xs" onClick={() => onContinue(run.text)}>
            Continue from here
          </Button>
        </div>
      )}
    </div>
  )
}

function Measures({ run }: { run: Run }) {
  const scope = useScope()
  const bill = useQuery(billQuery(scope.project, run.requestId)).data
  // The ledger also knows what a stopped answer took; the stream then ended without usage.
  const input = run.usage?.prompt_tokens ?? bill?.input_tokens
  const output = run.usage?.completion_tokens ?? bill?.output_tokens
  const speed = output === undefined ? null : tokensPerSecond(run, output)
  return (
    <div className={classes.measures}>
      <FactList
        facts={[
          ['First token', milliseconds(run.firstTokenMs)],
          ['Total', milliseconds(run.totalMs)],
          ['Speed', speed === null ? '–' : `${speed.toFixed(1)} tokens/s`],
          ['Tokens in', input === undefined ? '–' : count(input)],
          ['Tokens out', output === undefined ? '–' : count(output)],
          ['Cost', bill?.amount ? <span key="c" title={exactMoney(bill.amount)}>{requestMoney(bill.amount)}</span> : '–'],
        ]}
      />
      {bill && (
        <Link to="/o/$org/p/$project/requests" params={scope} search={(previous) => ({ ...previous, request: bill.id })} className={classes.link}>
          Open in Requests
        </Link>
      )}
    </div>
  )
}
