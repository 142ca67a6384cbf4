import { Button } from '@mantine/core'
import { useState } from 'react'
import { copyText } from './copyText'
import { IconCheck, IconCopy } from './icons'

interface CopyButtonProps {
  text: string
  label?: string
  onCopied?: () => void
}

export function CopyButton({ text, label = 'Copy', onCopied }: CopyButtonProps) {
  const [copied, setCopied] = useState<string | null>(null)
  const done = copied === text
  const copy = async () => {
    if (!(await copyText(text))) return
    setCopied(text)
    onCopied?.()
  }
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={done ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
      onClick={() => void copy()}
    >
      <span aria-live="polite">{done ? 'Copied' : label}</span>
    </Button>
  )
}
