import { milliseconds } from '@/shared/format/numbers'
import type { RequestDetail } from '../api/requests'
import classes from './Waterfall.module.css'

/** The stages of a request one after another, each bar from its start to its end. */
export function Waterfall({ stages }: { stages: RequestDetail['stages'] }) {
  const total = stages.reduce((sum, { ms }) => sum + ms, 0)
  let start = 0
  return (
    <table className={classes.table}>
      <caption className="only-spoken">Time spent in each stage, {milliseconds(total)} in all</caption>
      <tbody>
        {stages.map(({ name, ms }) => {
          const from = start
          start += ms
          return (
            <tr key={name}>
              <th scope="row">{name.replaceAll('_', ' ')}</th>
              <td className={classes.lane} aria-hidden>
                <span style={{ left: `${(from / (total || 1)) * 100}%`, width: `${(ms / (total || 1)) * 100}%` }} />
              </td>
              <td className={classes.time}>{milliseconds(ms)}</td>
            </tr>
          )
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">all stages</th>
          <td aria-hidden />
          <td className={classes.time}>{milliseconds(total)}</td>
        </tr>
      </tfoot>
    </table>
  )
}
