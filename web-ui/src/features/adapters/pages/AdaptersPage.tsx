import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useScope } from '@/shared/state/scope'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { IconPlus } from '@/shared/ui/icons'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { Panel } from '@/shared/ui/Panel'
import { adaptersQuery, type Adapter } from '../api/adapters'
import { AdapterTable } from '../components/AdapterTable'
import { AddAdapterDialog } from '../components/AddAdapterDialog'
import { RemoveAdapterDialog } from '../components/RemoveAdapterDialog'

export function AdaptersPage() {
  const { project } = useScope()
  const adapters = useQuery(adaptersQuery(project))
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<Adapter | null>(null)
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Import adapter
    </Button>
  )
  return (
    <Page title="Adapters" description="LoRA adapters of this project: what each adds to a model. Only keys of this project can call them." actions={add}>
      <Panel title="Imported" note={adapters.data && `${adapters.data.length} of at most 100`} flush>
        <Loaded query={adapters} what="the adapters" height={220}>
          {(list) =>
            list.length === 0 ? (
              <EmptyNote action={add}>No adapter yet. Import one that was trained with PEFT.</EmptyNote>
            ) : (
              <AdapterTable adapters={list} onRemove={setRemoving} />
            )
          }
        </Loaded>
      </Panel>
      {adding && <AddAdapterDialog project={project} onClose={() => setAdding(false)} />}
      {removing && <RemoveAdapterDialog project={project} adapter={removing} onClose={() => setRemoving(null)} />}
    </Page>
  )
}
