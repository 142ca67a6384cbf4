// Sets the colour scheme before the first paint. The key and the attribute are Mantine's.
(function () {
  var stored = null
  try {
    stored = window.localStorage.getItem('mantine-color-scheme-value')
  } catch (_) {
    // Storage may be switched off: the system's scheme then decides.
  }
  var scheme = stored === 'light' || stored === 'dark' ? stored : null
  if (!scheme) scheme = window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
})()
