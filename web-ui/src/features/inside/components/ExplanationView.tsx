import { useState } from 'react'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Panel } from '@/shared/ui/Panel'
import { PlainTable } from '@/shared/ui/PlainTable'
import type { Explanation } from '../api/explain'
import { effectsByToken, percent, shade, shadeOfEffect, visible } from '../shading'
import classes from './Inside.module.css'

/** An answer as pictures: what it hangs on, what else could stand there, and where in the model it comes up. */
export function ExplanationView({ found }: { found: Explanation }) {
  if (found.answer.tokens.length === 0) return <EmptyNote>The model has nothing to say to this, or a policy took it out.</EmptyNote>
  return (
    <>
      <Prompt found={found} />
      <Answer found={found} />
      {found.layers.length > 0 && <Layers found={found} />}
    </>
  )
}

function Prompt({ found: { prompt, attribution } }: { found: Explanation }) {
  const effects = effectsByToken(prompt.length, attribution)
  return (
    <Panel title="What the answer hangs on" note="Nats of log probability that the answer loses without the word">
      <ol className={classes.tokens} aria-label="Tokens of the prompt">
        {prompt.map(({ text }, index) => {
          const effect = effects[index] ?? null
          return (
            <li
              key={index}
              className={classes.token}
              style={{ background: shadeOfEffect(effect, attribution) }}
              title={effect === null ? 'not left out' : `${effect > 0 ? '+' : ''}${effect.toFixed(2)} nats`}
            >
              {visible(text)}
            </li>
          )
        })}
      </ol>
      <p className={classes.note}>Blue speaks for the answer, orange against it; the strongest shade is the part that matters most.</p>
    </Panel>
  )
}

function Answer({ found: { answer } }: { found: Explanation }) {
  const [chosen, setChosen] = useState(0)
  const token = answer.tokens[Math.min(chosen, answer.tokens.length - 1)]
  return (
    <Panel title={answer.generated ? 'The answer, and what else could stand there' : 'The given answer, and what else could stand there'} note="The paler, the surer">
      <ol className={classes.tokens} aria-label="Tokens of the answer">
        {answer.tokens.map(({ text, logprob }, index) => (
          <li key={index}>
            <button
              type="button"
              className={classes.token}
              aria-pressed={index === chosen}
              style={{ background: shade('--series-2', 1 - Math.exp(logprob)) }}
              title={percent(Math.exp(logprob))}
              onClick={() => setChosen(index)}
            >
              {visible(text)}
            </button>
          </li>
        ))}
      </ol>
      {token && (
        <PlainTable
          caption={`In the place of “${visible(token.text)}” (${percent(Math.exp(token.logprob))})`}
          columns={['Token', 'Probability']}
          rows={token.top.map(({ text, logprob }) => [visible(text), percent(Math.exp(logprob))])}
        />
      )}
    </Panel>
  )
}

function Layers({ found: { answer, layers } }: { found: Explanation }) {
  return (
    <Panel title="Layer by layer" note="What the model would say if it stopped there">
      {/* A region that scrolls can be reached by keyboard. */}
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Layers and tokens">
        <table className={classes.map}>
          <caption>The likeliest token after each layer; the greener, the likelier the answer’s own token is there.</caption>
          <thead>
            <tr>
              <th scope="col">Layer</th>
              {answer.tokens.map(({ text }, index) => (
                <th key={index} scope="col">
                  {visible(text)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {layers.toReversed().map(({ layer, cells }) => (
              <tr key={layer}>
                <th scope="row">{layer}</th>
                {cells.map((cell, index) => (
                  <td
                    key={index}
                    style={{ background: shade('--series-3', cell.answer_probability) }}
                    title={`${percent(cell.probability)}; the answer’s token: ${percent(cell.answer_probability)}, rank ${cell.answer_rank}`}
                  >
                    {visible(cell.text)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
