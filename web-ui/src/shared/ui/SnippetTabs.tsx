import { Tabs } from '@mantine/core'
import { apiBaseUrl, chatSnippet, languages, type ChatBody } from '@/shared/snippets'
import { CodeBlock } from './CodeBlock'
import classes from './SnippetTabs.module.css'

export function SnippetTabs({ body }: { body: ChatBody }) {
  return (
    <Tabs defaultValue={languages[0]} keepMounted={false}>
      <Tabs.List aria-label="Language">
        {languages.map((language) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {languages.map((language) => (
        <Tabs.Panel key={language} value={language} className={classes.panel}>
          <CodeBlock code={chatSnippet(language, apiBaseUrl(), body)} label={`${language} example`} maxHeight={360} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
