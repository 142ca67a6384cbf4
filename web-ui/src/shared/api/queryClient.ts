import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure } from './failure'

/** @param onSignedOut called when a call finds that the session has ended. */
export function createQueryClient(onSignedOut: () => void) {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiFailure && error.status === 401) onSignedOut()
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => error instanceof ApiFailure && error.isPassing && error.status !== 429 && count < 2,
        retryDelay: (count) => Math.min(400 * 2 ** count, 4_000),
      },
      mutations: { retry: false },
    },
  })
}
