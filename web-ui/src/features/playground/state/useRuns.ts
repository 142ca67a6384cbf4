import { useCallback, useEffect, useRef, useState } from 'react'
import { asFailure, type ApiFailure } from '@/shared/api/failure'
import type { ChatBody } from '@/shared/snippets'
import { streamChat, type Usage } from '../api/chat'

export interface Run {
  status: 'running' | 'done' | 'stopped' | 'failed'
  text: string
  requestId: string | null
  firstTokenMs: number | null
  totalMs: number | null
  finishReason: string | null
  usage: Usage | null
  failure: ApiFailure | null
}

const started: Run = {
  status: 'running',
  text: '',
  requestId: null,
  firstTokenMs: null,
  totalMs: null,
  finishReason: null,
  usage: null,
  failure: null,
}

/** Tokens a second after the first one; null where there is too little to tell. */
export function tokensPerSecond({ firstTokenMs, totalMs }: Run, outputTokens: number): number | null {
  if (firstTokenMs === null || totalMs === null || outputTokens < 2 || totalMs <= firstTokenMs) return null
  return ((outputTokens - 1) / (totalMs - firstTokenMs)) * 1_000
}

/** Streams running side by side, one a column. Leaving the page stops them all. */
export function useRuns(project: string) {
  const [runs, setRuns] = useState<Record<string, Run>>({})
  const aborts = useRef(new Map<string, AbortController>())

  useEffect(() => {
    const running = aborts.current
    return () => running.forEach((abort) => abort.abort())
  }, [])

  const update = useCallback((column: string, change: (run: Run) => Run) => {
    setRuns((all) => ({ ...all, [column]: change(all[column] ?? started) }))
  }, [])

  const start = useCallback(
    async (column: string, body: ChatBody) => {
      aborts.current.get(column)?.abort()
      const abort = new AbortController()
      aborts.current.set(column, abort)
      const isCurrent = () => aborts.current.get(column) === abort
      const begin = performance.now()
      let pending = ''
      let frame = 0
      let firstTokenMs: number | null = null
      // Text is shown once a frame, however fast it comes.
      const show = () => {
        frame = 0
        const text = pending
        pending = ''
        if (isCurrent()) update(column, (run) => ({ ...run, text: run.text + text, firstTokenMs }))
      }
      const finish = (end: Partial<Run>) => {
        cancelAnimationFrame(frame)
        show()
        if (isCurrent()) update(column, (run) => ({ ...run, ...end, totalMs: performance.now() - begin }))
      }
      update(column, () => started)
      try {
        const end = await streamChat(project, body, abort.signal, {
          onStart: (requestId) => isCurrent() && update(column, (run) => ({ ...run, requestId })),
          onText: (text) => {
            firstTokenMs ??= performance.now() - begin
            pending += text
            frame ||= requestAnimationFrame(show)
          },
        })
        finish({ ...end, status: 'done' })
      } catch (error) {
        if (abort.signal.aborted) finish({ status: 'stopped' })
        else finish({ status: 'failed', failure: asFailure(error) })
      }
    },
    [project, update],
  )

  const stop = useCallback((column: string) => aborts.current.get(column)?.abort(), [])
  return { runs, start, stop }
}
