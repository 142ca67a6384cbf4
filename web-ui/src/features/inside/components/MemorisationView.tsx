import { FactList } from '@/shared/ui/FactList'
import { Panel } from '@/shared/ui/Panel'
import type { Memorisation } from '../api/explain'
import { percent, shade, visible } from '../shading'
import classes from './Inside.module.css'

/** The rest of a text beside what the model makes of its beginning. */
export function MemorisationView({ found }: { found: Memorisation }) {
  const made = found.variants === 'digits' ? 'with other digits' : 'with some words exchanged'
  return (
    <Panel title="Known by heart?" note="The model got the first part of the text and went on by itself">
      <FactList
        facts={[
          ['Right before the first mistake', `${found.exact_tokens} of ${found.rest.length} tokens`],
          ['Similarity', percent(found.similarity)],
          ['Rank among variants', `${found.rank} of 32, ${made}`],
          ['Exposure', `${found.exposure_bits.toFixed(1)} of 5 bits`],
          ['Log probability a token', `${found.logprob_per_token.toFixed(2)} (variants ${found.variant_logprob_per_token.toFixed(2)})`],
        ]}
      />
      <Line label="Given" tokens={found.prefix.map(({ text }) => ({ text, right: null }))} />
      <Line label="The text goes on" tokens={found.rest.map(({ text, id }, index) => ({ text, right: found.answer.tokens[index]?.id === id }))} />
      <Line label="The model goes on" tokens={found.answer.tokens.map(({ text, id }, index) => ({ text, right: found.rest[index]?.id === id }))} />
    </Panel>
  )
}

function Line({ label, tokens }: { label: string; tokens: { text: string; right: boolean | null }[] }) {
  return (
    <>
      <p className={classes.note}>{label}</p>
      <ol className={classes.tokens} aria-label={label}>
        {tokens.map(({ text, right }, index) => (
          <li key={index} className={classes.token} style={right ? { background: shade('--series-3', 0.7) } : undefined}>
            {visible(text)}
          </li>
        ))}
      </ol>
    </>
  )
}
