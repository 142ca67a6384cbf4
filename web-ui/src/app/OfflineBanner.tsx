import { useNetwork } from '@mantine/hooks'
import classes from './OfflineBanner.module.css'

export function OfflineBanner() {
  const { online } = useNetwork()
  return (
    <div role="status">
      {!online && <p className={classes.banner}>You are offline. What is shown may be old; it is loaded again when the network is back.</p>}
    </div>
  )
}
