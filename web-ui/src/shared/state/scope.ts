import { useParams } from '@tanstack/react-router'

/** The organisation and project that the page shows; in the URL and in every cache key. */
export function useScope(): { org: string; project: string } {
  const { org, project } = useParams({ strict: false }) as { org?: string; project?: string }
  if (!org || !project) throw new Error('useScope belongs under a project route')
  return { org, project }
}
