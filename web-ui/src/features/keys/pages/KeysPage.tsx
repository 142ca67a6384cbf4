import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keysQuery, type ApiKey } from '@/shared/api/keys'
import { useScope } from '@/shared/state/scope'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { IconPlus } from '@/shared/ui/icons'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { Panel } from '@/shared/ui/Panel'
import { CreateKeyDialog } from '../components/CreateKeyDialog'
import { KeyTable } from '../components/KeyTable'
import { RevokeKeyDialog } from '../components/RevokeKeyDialog'

export function KeysPage() {
  const { project } = useScope()
  const keys = useQuery(keysQuery(project))
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      Create key
    </Button>
  )
  return (
    <Page title="API keys" description="A key calls the API in the name of this project. Its secret is shown once." actions={create}>
      <Panel title="Keys" note={keys.data && `${keys.data.filter((key) => !key.revoked_at).length} not revoked`} flush>
        <Loaded query={keys} what="the API keys" height={220}>
          {(list) =>
            list.length === 0 ? (
              <EmptyNote action={create}>No key yet. Programs need one to call this project.</EmptyNote>
            ) : (
              <KeyTable keys={list} onRevoke={setRevoking} />
            )
          }
        </Loaded>
      </Panel>
      {creating && <CreateKeyDialog project={project} onClose={() => setCreating(false)} />}
      {revoking && <RevokeKeyDialog project={project} apiKey={revoking} onClose={() => setRevoking(null)} />}
    </Page>
  )
}
