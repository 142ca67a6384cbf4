import { useQuery } from '@tanstack/react-query'
import { exactMoney, requestMoney } from '@/shared/format/money'
import { count, milliseconds } from '@/shared/format/numbers'
import { dateTime, iso } from '@/shared/format/time'
import { useScope } from '@/shared/state/scope'
import { useTimeRange } from '@/shared/state/timeRange'
import { CodeBlock } from '@/shared/ui/CodeBlock'
import { CopyButton } from '@/shared/ui/CopyButton'
import { FactList } from '@/shared/ui/FactList'
import { Loaded } from '@/shared/ui/Loaded'
import { PlainTable } from '@/shared/ui/PlainTable'
import { SidePanel } from '@/shared/ui/SidePanel'
import { VerdictBadge } from '@/shared/ui/VerdictBadge'
import { callerOf, requestQuery, type RequestDetail } from '../api/requests'
import { OutcomeBadge } from './OutcomeBadge'
import classes from './RequestDrawer.module.css'
import { Waterfall } from './Waterfall'

interface RequestDrawerProps {
  id: string
  onClose: () => void
}

export function RequestDrawer({ id, onClose }: RequestDrawerProps) {
  const { project } = useScope()
  const detail = useQuery(requestQuery(project, id))
  return (
    <SidePanel title="Request" subtitle={<code className="mono">{id}</code>} actions={<CopyButton text={id} label="Copy id" />} onClose={onClose}>
      <Loaded query={detail} what="this request" height={480}>
        {(request) => <Detail request={request} />}
      </Loaded>
      <p className={classes.keys}>
        <kbd>J</kbd> next, <kbd>K</kbd> previous, <kbd>Esc</kbd> close
      </p>
    </SidePanel>
  )
}

/** Enough of a digest to tell versions apart; the whole is in the title and in the raw JSON. */
function shortDigest(version: string): string {
  return version.length > 22 ? `${version.slice(0, 19)}…` : version
}

function Detail({ request }: { request: RequestDetail }) {
  const { zone } = useTimeRange()
  const speed = request.output_tokens > 1 && request.first_token_ms && request.total_ms ? ((request.output_tokens - 1) / (request.total_ms - request.first_token_ms)) * 1_000 : null
  return (
    <div className={classes.detail}>
      <div className={classes.badges}>
        <OutcomeBadge request={request} />
        {request.verdict !== 'none' && <VerdictBadge verdict={request.verdict} />}
        {request.error_code && <code className="mono">{request.error_code}</code>}
      </div>
      <FactList
        facts={[
          ['Time', <span key="t" title={iso(request.created_at)}>{dateTime(request.created_at, zone)}</span>],
          ['Endpoint', `${request.endpoint.replaceAll('_', ' ')}${request.streamed ? ', streamed' : ''}`],
          ['Model', request.model ?? '–'],
          ['Version', request.version ? <code key="v" className="mono" title={request.version}>{shortDigest(request.version)}</code> : '–'],
          ['Key', callerOf(request)],
          ['Cost', request.amount ? <strong key="c" title={exactMoney(request.amount)}>{requestMoney(request.amount)}</strong> : 'Not charged'],
          ['First token', milliseconds(request.first_token_ms)],
          ['Total', milliseconds(request.total_ms)],
          ['Output speed', speed && Number.isFinite(speed) ? `${speed.toFixed(1)} tokens/s` : '–'],
          ['Runner CPU', milliseconds(request.runner_cpu_ms)],
        ]}
      />
      <section>
        <h3>Stages</h3>
        {request.stages.length > 0 ? <Waterfall stages={request.stages} /> : <p className={classes.none}>No stage times were recorded.</p>}
      </section>
      <section>
        <h3>Usage and price</h3>
        <FactList
          facts={[
            ['Input', `${count(request.input_tokens)} tokens`],
            ['of it cached', `${count(request.cached_tokens)} tokens`],
            ['Output', `${count(request.output_tokens)} tokens`],
            ['of it reasoning', `${count(request.reasoning_tokens)} tokens`],
          ]}
        />
        {request.price_lines.length > 0 && (
          <div className={classes.scroll} tabIndex={0} role="region" aria-label="Price lines">
            <PlainTable
              caption="Price lines"
              columns={['Kind', 'Tokens', 'Unit price', 'Amount']}
              rows={request.price_lines.map((line) => [
                line.kind,
                count(line.quantity),
                <span key="u" title={line.effective_from ? `Price since ${iso(line.effective_from)}` : undefined}>{requestMoney(line.unit_price)} / M</span>,
                <span key="a" title={exactMoney(line.amount)}>{requestMoney(line.amount)}</span>,
              ])}
              footer={['Total', '', '', request.amount ? requestMoney(request.amount) : '–']}
            />
          </div>
        )}
      </section>
      <section>
        <h3>Guardrail findings</h3>
        {request.findings.length === 0 ? (
          <p className={classes.none}>None. The text itself is never stored.</p>
        ) : (
          <ul className={classes.findings}>
            {request.findings.map((finding, index) => (
              <li key={index}>
                <VerdictBadge verdict={finding.action} /> <code className="mono">{finding.detector}</code> in the {finding.stage.replaceAll('_', ' ')}
                {finding.count > 1 && `, ${finding.count} times`}
              </li>
            ))}
          </ul>
        )}
      </section>
      <details className={classes.raw}>
        <summary>Raw JSON</summary>
        <CodeBlock code={JSON.stringify(request, null, 2)} label="Raw JSON of the request" maxHeight={360} />
      </details>
    </div>
  )
}
