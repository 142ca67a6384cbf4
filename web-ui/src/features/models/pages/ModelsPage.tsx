import { useQuery } from '@tanstack/react-query'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { installedModelsQuery } from '../api/models'
import { JobsPanel } from '../components/JobsPanel'
import { ModelPanel } from '../components/ModelPanel'
import classes from '../components/Models.module.css'

export function ModelsPage() {
  const models = useQuery(installedModelsQuery)
  return (
    <Page title="Models" description="What this machine serves: where it comes from, in which formats it is stored, and how fast and how faithful each is.">
      <div className={classes.stack}>
        <Loaded query={models} what="the models" height={420}>
          {({ data }) =>
            data.length === 0 ? (
              <EmptyNote>No model is installed. Import one with ./postern model import FILE.</EmptyNote>
            ) : (
              <div className={classes.stack}>
                {data.map((model) => (
                  <ModelPanel key={model.name} model={model} />
                ))}
              </div>
            )
          }
        </Loaded>
        {models.data && <JobsPanel />}
      </div>
    </Page>
  )
}
