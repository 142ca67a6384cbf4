/** Whether the text is on the clipboard now. Pages served without TLS have no clipboard API, so a selection stands in. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.setAttribute('readonly', '')
    area.style.position = 'fixed'
    area.style.opacity = '0'
    const active = document.activeElement
    const parent = active?.parentElement ?? document.body
    parent.append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    if (active instanceof HTMLElement) active.focus()
    return copied
  }
}
