import { useEffect } from 'react'

interface RowKeys {
  ids: readonly string[]
  openId: string | null
  onOpen: (id: string) => void
  onClose: () => void
}

/** The next or previous row, staying at the ends; the first where none is open. */
export function neighbour(ids: readonly string[], from: string | null, step: 1 | -1): string | undefined {
  const index = from === null ? -1 : ids.indexOf(from)
  if (index < 0) return ids[0]
  return ids[Math.min(ids.length - 1, Math.max(0, index + step))]
}

const typing = 'input, textarea, select, [contenteditable], [role="combobox"]'

/** J and K move through the rows of a list, Enter on a row opens it, Esc closes the drawer and gives the focus back to the row. */
export function useRowKeys({ ids, openId, onOpen, onClose }: RowKeys) {
  useEffect(() => {
    const rowButton = (id: string) => document.querySelector<HTMLElement>(`[data-open="${CSS.escape(id)}"]`)
    const focusedId = () => document.activeElement?.closest('[data-row]')?.getAttribute('data-row') ?? null
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target as Element | null
      if (target?.closest(typing) || document.querySelector('[role="dialog"]')) return
      if (event.key === 'Escape' && openId !== null) {
        onClose()
        rowButton(openId)?.focus()
        return
      }
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : null
      if (step === null) return
      const next = neighbour(ids, openId ?? focusedId(), step)
      if (next === undefined) return
      event.preventDefault()
      if (openId === null) rowButton(next)?.focus()
      else onOpen(next)
      rowButton(next)?.scrollIntoView({ block: 'nearest' })
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [ids, openId, onOpen, onClose])
}
