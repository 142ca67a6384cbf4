import { Button, SegmentedControl, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { useState } from 'react'
import { actions, policyQuery, savePolicy, type Action, type Policy } from '@/shared/api/policy'
import { plural } from '@/shared/format/numbers'
import { useScope } from '@/shared/state/scope'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { Loaded } from '@/shared/ui/Loaded'
import { Panel } from '@/shared/ui/Panel'
import classes from './PolicyPanel.module.css'

const actionLabels: Record<Action, string> = { off: 'Off', flag: 'Flag', redact: 'Redact', block: 'Block' }

export function PolicyPanel() {
  const { project } = useScope()
  const policy = useQuery(policyQuery(project))
  return (
    <Panel title="Guardrail policy" note={policy.data && `Version ${policy.data.version}`}>
      <Loaded query={policy} what="the guardrail policy" height={420}>
        {(data) => <PolicyEditor key={data.version} project={project} policy={data} />}
      </Loaded>
    </Panel>
  )
}

/** One entry a line, without blank lines and repetitions. */
export function readBlockList(text: string): string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()).filter(Boolean))]
}

function PolicyEditor({ project, policy }: { project: string; policy: Policy }) {
  const queryClient = useQueryClient()
  const [changed, setChanged] = useState<Record<string, Action>>({})
  const [blockText, setBlockText] = useState(policy.block_list.join('\n'))
  const blockList = readBlockList(blockText)
  const actionOf = (name: string): Action => changed[name] ?? policy.detectors[name] ?? 'off'
  const differing = policy.available.filter(({ name }) => actionOf(name) !== (policy.detectors[name] ?? 'off')).length
  const listDiffers = blockList.join('\n') !== policy.block_list.join('\n')
  const changes = differing + (listDiffers ? 1 : 0)

  const saving = useMutation({
    mutationFn: () => savePolicy(project, { version: policy.version, detectors: { ...policy.detectors, ...changed }, block_list: blockList }),
    onSuccess: (saved) => {
      queryClient.setQueryData(policyQuery(project).queryKey, saved)
      notifications.show({ title: 'Policy saved', message: 'It holds for the next request.', color: 'teal' })
    },
  })
  useBlocker({
    shouldBlockFn: () => !window.confirm('The guardrail policy has changes that are not saved. Leave without saving?'),
    disabled: changes === 0,
    enableBeforeUnload: changes > 0,
  })

  return (
    <div className={classes.editor}>
      <p className={classes.explain}>
        Flag records an event and lets the text pass. Redact replaces what was found. Block refuses the prompt, or ends the answer.
      </p>
      <ul className={classes.detectors}>
        {policy.available.map(({ name, description }) => (
          <li key={name}>
            <div className={classes.name} id={`detector-${name}`}>
              <code className="mono">{name}</code>
              {description && <span>{description}</span>}
            </div>
            <SegmentedControl
              size="xs"
              aria-labelledby={`detector-${name}`}
              value={actionOf(name)}
              onChange={(value) => setChanged({ ...changed, [name]: value as Action })}
              data={actions.map((value) => ({ value, label: actionLabels[value] }))}
            />
          </li>
        ))}
      </ul>
      <Textarea
        label="Block list"
        description="Words or phrases, one a line, for the detector topic.block_list."
        autosize
        minRows={3}
        maxRows={10}
        value={blockText}
        onChange={(event) => setBlockText(event.currentTarget.value)}
      />
      <DialogFailure error={saving.error} />
      <div className={classes.buttons}>
        <span role="status">{changes > 0 && `${plural(changes, 'change')} not saved`}</span>
        <Button
          variant="default"
          disabled={changes === 0}
          onClick={() => {
            setChanged({})
            setBlockText(policy.block_list.join('\n'))
          }}
        >
          Discard
        </Button>
        <Button disabled={changes === 0} loading={saving.isPending} onClick={() => saving.mutate()}>
          Save policy
        </Button>
      </div>
    </div>
  )
}
