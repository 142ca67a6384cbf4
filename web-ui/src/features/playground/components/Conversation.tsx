import { ActionIcon, Button, NativeSelect, Textarea } from '@mantine/core'
import { IconPlus, IconTrash } from '@/shared/ui/icons'
import { Panel } from '@/shared/ui/Panel'
import { newTurn, type Turn } from '../state/conversation'
import classes from './Conversation.module.css'

interface ConversationProps {
  system: string
  turns: Turn[]
  onSystem: (text: string) => void
  onTurns: (turns: Turn[]) => void
}

export function Conversation({ system, turns, onSystem, onTurns }: ConversationProps) {
  const edit = (id: string, change: Partial<Turn>) => onTurns(turns.map((turn) => (turn.id === id ? { ...turn, ...change } : turn)))
  const add = () => onTurns([...turns, newTurn(turns.at(-1)?.role === 'user' ? 'assistant' : 'user')])
  return (
    <Panel title="Messages">
      <div className={classes.turns}>
        <Textarea label="System" placeholder="How the model should behave" autosize minRows={2} maxRows={8} value={system} onChange={(event) => onSystem(event.currentTarget.value)} />
        {turns.map((turn, index) => (
          <div key={turn.id} className={classes.turn}>
            <div className={classes.head}>
              <NativeSelect
                size="xs"
                aria-label={`Role of message ${index + 1}`}
                data={[
                  { value: 'user', label: 'User' },
                  { value: 'assistant', label: 'Assistant' },
                ]}
                value={turn.role}
                onChange={(event) => edit(turn.id, { role: event.currentTarget.value as Turn['role'] })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                c="var(--ink-soft)"
                aria-label={`Remove message ${index + 1}`}
                disabled={turns.length === 1}
                onClick={() => onTurns(turns.filter(({ id }) => id !== turn.id))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </div>
            <Textarea
              aria-label={`Message ${index + 1}`}
              placeholder={turn.role === 'user' ? 'Ask something' : 'What the model said'}
              autosize
              minRows={turn.role === 'user' ? 3 : 2}
              maxRows={16}
              value={turn.content}
              onChange={(event) => edit(turn.id, { content: event.currentTarget.value })}
            />
          </div>
        ))}
        <div>
          <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
            Add message
          </Button>
        </div>
      </div>
    </Panel>
  )
}
