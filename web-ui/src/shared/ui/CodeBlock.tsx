import classes from './CodeBlock.module.css'
import { CopyButton } from './CopyButton'

interface CodeBlockProps {
  code: string
  label: string
  maxHeight?: number
}

export function CodeBlock({ code, label, maxHeight }: CodeBlockProps) {
  return (
    <div className={classes.block}>
      <pre className={classes.code} tabIndex={0} role="region" aria-label={label} style={{ maxHeight }}>
        <code>{code}</code>
      </pre>
      <div className={classes.copy}>
        <CopyButton text={code} />
      </div>
    </div>
  )
}
