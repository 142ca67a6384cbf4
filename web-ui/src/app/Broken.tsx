import { Button } from '@mantine/core'
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { FailureNote } from '@/shared/ui/FailureNote'
import { Page } from '@/shared/ui/Page'

/** A page that failed to load or to draw; the shell around it stays. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Page title="This page failed">
      <FailureNote error={error} what="this page" onRetry={retry} />
    </Page>
  )
}

export function Missing({ what }: { what: string }) {
  return (
    <Page title="Not found">
      <EmptyNote
        action={
          <Button component="a" href="/">
            Go to the start page
          </Button>
        }
      >
        {what}
      </EmptyNote>
    </Page>
  )
}

export function NotFound() {
  return <Missing what="There is nothing at this address." />
}
