import { useScope } from '@/shared/state/scope'
import { Page } from '@/shared/ui/Page'
import { EventList } from '../components/EventList'
import { PolicyPanel } from '../components/PolicyPanel'

export function SecurityPage() {
  const { project } = useScope()
  return (
    <Page title="Security events" description="What the guardrails found in prompts and answers. The text itself is never stored.">
      <EventList />
      <PolicyPanel key={project} />
    </Page>
  )
}
