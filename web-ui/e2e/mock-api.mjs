// A stand-in for the product's HTTP API, for working on the console alone: `npm run mock`, then `npm run dev` or the browser tests.
// It keeps everything in memory and knows the routes of docs/console-api.md that the console calls.
import { randomUUID } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adapters, installed, keys, limits, makeRequest, models, newKey, organization, policies, projects, requests, runners, usd } from './mock-data.mjs'

const port = Number(process.env.POSTERN_MOCK_PORT ?? 4179)
const account = { email: 'admin@example.com', password: 'postern-mock' }
const pages = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist')
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }

const sessions = new Map()
let failedSignIns = []
const seconds = () => Math.floor(Date.now() / 1000)

const jobs = []

function begun(model, kind, { format = null }) {
  jobs.unshift({ object: 'postern.job', id: `job_${randomUUID().replaceAll('-', '')}`, kind, model, format, state: 'queued', step: 'waiting', progress: 0, digest: null, error: null, created_at: seconds(), started_at: null, ended_at: null })
  return jobs[0]
}

/** Each look moves the oldest open job on; a mixture takes for ever. */
function moved() {
  const job = jobs.findLast(({ state }) => state === 'queued' || state === 'running')
  if (job) {
    const progress = Math.min(job.format === 'mixed' ? 0.75 : 1, job.progress + 0.25)
    Object.assign(job, progress < 1 ? { state: 'running', step: 'measuring q4', progress, started_at: seconds() } : { state: 'completed', progress, ended_at: seconds() })
    if (progress === 1 && job.kind === 'quantize') addFormat(job)
  }
  return jobs
}

function addFormat({ model, format }) {
  const { formats } = installed.find(({ name }) => name === model)
  if (formats.some(({ name }) => name === format)) return
  const quality = { tokens_per_cpu_second: 165, tokens_per_cpu_second_of_8: 440, divergence: 0.041, perplexity: 21.1, perplexity_change: 0.04, agreement: 0.91, positions: 3731, faithful: false, measured_at: '2026-11-24T13:42:27Z' }
  formats.push({ name: format, digest: `sha256:${format.padEnd(64, '0')}`, bytes: 98_000_000, served: false, servable: true, quality })
}

function served(name, digest) {
  const model = installed.find((one) => one.name === name)
  for (const format of model.formats) format.served = format.digest === digest
  model.why = 'a person chose it'
  return model
}

class Refusal extends Error {
  constructor(status, code, message, headers = {}) {
    super(message)
    Object.assign(this, { status, code, headers })
  }
}

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': response.requestId, ...headers })
  response.end(JSON.stringify(body))
}

function pageOf(items, query) {
  const limit = Math.min(100, Number(query.get('limit') ?? 20))
  const start = query.get('after') ? items.findIndex(({ id }) => id === query.get('after')) + 1 : 0
  const data = items.slice(start, start + limit)
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: start + limit < items.length }
}

const inWindow = (query) => (item) =>
  (!query.get('project_id') || item.project_id === query.get('project_id')) &&
  item.created_at >= Number(query.get('start_time') ?? 0) &&
  item.created_at < Number(query.get('end_time') ?? Infinity)

const spend = (items) => usd(items.reduce((sum, { amount }) => sum + Number(amount.value), 0))
const failed = ({ outcome }) => outcome === 'failed'

function groupBy(items, key) {
  const groups = new Map()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups].sort((a, b) => b[1].length - a[1].length)
}

function overview(query) {
  const start = Number(query.get('start_time'))
  const end = Number(query.get('end_time'))
  const figures = (from, to) => {
    const items = requests.filter(inWindow(new URLSearchParams({ project_id: query.get('project_id'), start_time: from, end_time: to })))
    const firsts = items.map(({ first_token_ms }) => first_token_ms).filter(Boolean).sort((a, b) => a - b)
    return {
      items,
      figures: { requests: items.length, errors: items.filter(failed).length, p95_first_token_ms: firsts[Math.floor(firsts.length * 0.95)] ?? null, spend: spend(items) },
    }
  }
  const current = figures(start, end)
  const step = Math.max(60, Math.ceil((end - start) / 48 / 60) * 60)
  const series = []
  for (let at = Math.floor(start / step) * step; at < end; at += step) {
    const items = current.items.filter(({ created_at }) => created_at >= at && created_at < at + step)
    series.push({ start_time: at, requests: items.length, errors: items.filter(failed).length })
  }
  const { budget } = limits.get(query.get('project_id'))
  return {
    object: 'postern.overview',
    current: current.figures,
    previous: figures(start - (end - start), start).figures,
    budget: { limit: budget.amount, spent: budget.spent },
    series,
    top_models: groupBy(current.items, ({ model }) => model).slice(0, 5).map(([name, items]) => ({ name, requests: items.length, spend: spend(items) })),
    top_keys: groupBy(current.items, ({ api_key_id }) => api_key_id).slice(0, 5).map(([id, items]) => ({ id, name: items[0].key_name, requests: items.length, spend: spend(items) })),
    top_errors: groupBy(current.items.filter(({ error_code }) => error_code), ({ error_code }) => error_code).slice(0, 5).map(([code, items]) => ({ code, requests: items.length })),
  }
}

const groupFields = { model: 'model', project_id: 'project_id', api_key_id: 'api_key_id' }

function buckets(query, results) {
  const wanted = query.getAll('project_ids').concat(query.getAll('project_ids[]'))
  const data = []
  for (let at = Number(query.get('start_time')); at < Number(query.get('end_time')); at += 86_400) {
    const items = requests.filter((item) => (!wanted.length || wanted.includes(item.project_id)) && item.created_at >= at && item.created_at < at + 86_400)
    data.push({ object: 'bucket', start_time: at, end_time: at + 86_400, results: results(items) })
  }
  return { object: 'page', data, has_more: false, next_page: null }
}

function usage(query, embeddings) {
  const field = groupFields[query.get('group_by') ?? '']
  return buckets(query, (items) =>
    groupBy(items.filter(({ endpoint }) => (endpoint === 'embeddings') === embeddings), (item) => (field ? item[field] : '')).map(([name, group]) => ({
      object: `organization.usage.${embeddings ? 'embeddings' : 'completions'}.result`,
      input_tokens: group.reduce((sum, item) => sum + item.input_tokens, 0),
      output_tokens: embeddings ? undefined : group.reduce((sum, item) => sum + item.output_tokens, 0),
      num_model_requests: group.length,
      project_id: null, api_key_id: null, model: null,
      ...(field ? { [field]: name } : {}),
    })),
  )
}

function costs(query) {
  const by = query.get('group_by')
  return buckets(query, (items) => {
    const lines = by === 'line_item' ? items.flatMap((item) => item.price_lines.map((line) => ({ amount: line.amount, name: `${item.model}, ${line.kind}` }))) : items.map((item) => ({ amount: item.amount, name: item[by] ?? '' }))
    return groupBy(lines, ({ name }) => name).map(([name, group]) => ({
      object: 'organization.costs.result',
      amount: { value: Number(spend(group).value), currency: 'usd' },
      line_item: null, project_id: null, api_key_id: null,
      ...(by ? { [by]: name } : {}),
    }))
  })
}

function openSession(response, { email, password }) {
  failedSignIns = failedSignIns.filter((at) => at > Date.now() - 60_000)
  if (failedSignIns.length >= 5) throw new Refusal(429, 'rate_limit_exceeded', 'Too many failed sign-ins.', { 'retry-after': '42' })
  if (email !== account.email || password !== account.password) {
    failedSignIns.push(Date.now())
    throw new Refusal(401, 'invalid_credentials', 'E-mail or password is wrong.')
  }
  const id = randomUUID()
  const session = {
    object: 'postern.session',
    user: { id: 'user-1', email, name: 'Ada Admin', role: 'owner' },
    organization, csrf_token: randomUUID(), expires_at: seconds() + 43_200,
  }
  sessions.set(id, session)
  sendJson(response, 200, session, { 'set-cookie': `postern_session=${id}; HttpOnly; SameSite=Strict; Path=/` })
}

const answer =
  'Paris is the capital of France. It lies on the Seine in the north of the country, and it has been the seat of government for most of the time since the tenth century. More than two million people live in the city itself, and about twelve million in the region around it.'

async function chat(request, response, body) {
  const project = request.headers['openai-project'] ?? projects[0].id
  if (!models.some(({ id }) => id === body.model)) throw new Refusal(404, 'model_not_found', `The model \`${body.model}\` does not exist.`)
  const said = body.messages.at(-1)?.content ?? ''
  // What a page must show as text comes back as it was sent.
  const words = (said.includes('<') ? said : `${answer} `.repeat(said.includes('long') ? 8 : 1)).match(/\s*\S+/g).slice(0, body.max_completion_tokens ?? 4096)
  const finish = words.length === body.max_completion_tokens ? 'length' : 'stop'
  const head = { id: `chatcmpl-${randomUUID()}`, object: 'chat.completion.chunk', created: seconds(), model: body.model }
  const write = (chunk) => response.write(`data: ${JSON.stringify({ ...head, usage: null, ...chunk })}\n\n`)
  let gone = false
  response.on('close', () => (gone = !response.writableFinished))
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-request-id': response.requestId })
  write({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
  let sent = 0
  for (const word of words) {
    await new Promise((resolve) => setTimeout(resolve, 22))
    if (gone) break
    sent++
    write({ choices: [{ index: 0, delta: { content: word }, finish_reason: null }] })
  }
  const input = body.messages.reduce((sum, { content }) => sum + Math.ceil(content.length / 4) + 4, 0)
  const record = makeRequest({ project, key: { id: null, name: null }, model: body.model, at: seconds(), outcome: gone ? 'cancelled' : 'completed', input, output: sent })
  requests.unshift({ ...record, id: response.requestId, streamed: true })
  if (gone) return
  write({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })
  const usage = { prompt_tokens: input, completion_tokens: sent, total_tokens: input + sent, prompt_tokens_details: { cached_tokens: 0 } }
  if (body.stream_options?.include_usage) write({ choices: [], usage })
  response.end('data: [DONE]\n\n')
}

/** A word is looked for in the message, so that a test can tell whose explanation it sees. */
function explanation(body) {
  const tokens = (text) => (text.match(/\s*\S+/g) ?? []).map((word, index) => ({ id: 100 + index, text: word }))
  const usage = { prompt_tokens: 120, completion_tokens: 4, total_tokens: 124 }
  if (body.text) {
    const all = tokens(body.text)
    const rest = all.slice(Math.floor(all.length / 2))
    return {
      object: 'postern.memorisation', model: body.model, prefix: all.slice(0, all.length - rest.length), rest, answer: { text: body.text, tokens: rest },
      exact_tokens: rest.length, similarity: 1, logprob_per_token: -0.4, variants: 'neighbours', variant_logprob_per_token: -3.1, rank: 1, exposure_bits: 5, usage,
    }
  }
  const prompt = [{ id: 1, text: '<|im_start|>' }, ...tokens(body.messages.at(-1).content)]
  const answer = tokens(body.answer ?? 'The capital is Paris.')
  return {
    object: 'postern.explanation', model: body.model, prompt,
    answer: {
      text: answer.map(({ text }) => text).join(''), generated: !body.answer,
      tokens: answer.map((token, index) => ({ ...token, logprob: -0.2 * index, top: [{ ...token, logprob: -0.2 * index }, { id: 7, text: ' perhaps', logprob: -3 }] })),
    },
    attribution: prompt.slice(1).map(({ text }, index) => ({ from: index + 1, to: index + 2, text, effect: index % 3 ? 1.5 * index : -0.7 })),
    layers: Array.from({ length: 7 }, (_, layer) => ({
      layer, cells: answer.map(({ id, text }) => ({ id, text: layer < 3 ? ' the' : text, probability: 0.3, answer_probability: layer / 6, answer_rank: layer < 3 ? 40 : 1 })),
    })),
    usage,
  }
}

function projectRoute(method, path, query, body, response) {
  const [, project, rest] = /^\/v1\/(?:postern|organization)\/projects\/([^/]+)\/(.+)$/.exec(path) ?? []
  if (!project) return false
  if (!projects.some(({ id }) => id === project)) throw new Refusal(404, 'project_not_found', 'No such project.')
  const revoked = /^api_keys\/(.+)$/.exec(rest)
  if (rest === 'api_keys' && method === 'GET') sendJson(response, 200, pageOf(keys.filter(({ project_id }) => project_id === project), query))
  else if (rest === 'api_keys' && method === 'POST') {
    if (!body.name?.trim()) throw new Refusal(400, 'missing_required_parameter', 'A key needs a name.')
    const { record, secret } = newKey(project, body.name, seconds(), body.expires_in_days ? seconds() + body.expires_in_days * 86_400 : null)
    keys.unshift(record)
    sendJson(response, 200, { ...record, value: secret })
  } else if (revoked && method === 'DELETE') {
    const key = keys.find(({ id }) => id === revoked[1])
    key.revoked_at = seconds()
    sendJson(response, 200, { object: 'organization.project.api_key.deleted', id: key.id, deleted: true })
  } else if (rest === 'limits') {
    const held = limits.get(project)
    if (method === 'PUT') {
      held.max_concurrent_requests = body.max_concurrent_requests
      held.budget.amount = body.budget.amount
      if (body.share) held.share = body.share
    }
    sendJson(response, 200, held)
  } else if (rest === 'guardrail_policy') {
    const held = policies.get(project)
    if (method === 'PUT') Object.assign(held, { detectors: body.detectors, block_list: body.block_list, version: held.version + 1 })
    sendJson(response, 200, held)
  } else return false
  return true
}

function securityEvents() {
  return requests.flatMap((request) =>
    request.findings.map((finding, index) => ({
      object: 'postern.security_event', id: `sev_${request.id.slice(4)}${index}`, created_at: request.created_at, request_id: request.id,
      project_id: request.project_id, api_key_id: request.api_key_id, ...finding,
    })),
  )
}

function adapterRoute(method, path, query, response) {
  if (path === '/v1/postern/adapters') {
    if (method === 'POST') adapters.unshift({ ...adapters[0], id: `adapter_${randomUUID().replaceAll('-', '')}`, name: 'uploaded', model: 'smollm2-135m-instruct@uploaded', created_at: seconds() })
    sendJson(response, 200, method === 'POST' ? adapters[0] : pageOf(adapters, query))
    return true
  }
  const found = adapters.findIndex(({ id }) => path === `/v1/postern/adapters/${id}`)
  if (found < 0 || method !== 'DELETE') return false
  const [removed] = adapters.splice(found, 1)
  sendJson(response, 200, { object: 'postern.adapter.deleted', id: removed.id, deleted: true })
  return true
}

async function api(request, response, url, body) {
  const { pathname: path, searchParams: query } = url
  const { method } = request
  if (path === '/v1/postern/session' && method === 'POST') return openSession(response, body)
  const cookie = /postern_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const session = sessions.get(cookie)
  if (!session) throw new Refusal(401, 'no_session', 'Sign in first.')
  if (method !== 'GET' && request.headers['x-postern-csrf'] !== session.csrf_token) throw new Refusal(403, 'csrf_token_missing', 'The CSRF token is missing.')
  if (path === '/v1/postern/session') {
    if (method === 'GET') return sendJson(response, 200, session)
    sessions.delete(cookie)
    return sendJson(response, 200, { object: 'postern.session', deleted: true })
  }
  if (path === '/v1/models') return sendJson(response, 200, { object: 'list', data: models })
  if (path === '/v1/postern/explain') return sendJson(response, 200, explanation(body))
  if (path === '/v1/chat/completions') return chat(request, response, body)
  if (path === '/v1/organization/projects') return sendJson(response, 200, pageOf(projects, query))
  if (path === '/v1/organization/usage/completions') return sendJson(response, 200, usage(query, false))
  if (path === '/v1/organization/usage/embeddings') return sendJson(response, 200, usage(query, true))
  if (path === '/v1/organization/costs') return sendJson(response, 200, costs(query))
  if (path === '/v1/postern/overview') return sendJson(response, 200, overview(query))
  if (path === '/v1/postern/requests') {
    const matches = (name) => (item) => !query.get(name) || item[name] === query.get(name)
    const found = requests.filter(inWindow(query)).filter(matches('model')).filter(matches('api_key_id')).filter(matches('outcome'))
    return sendJson(response, 200, pageOf(found, query))
  }
  if (path.startsWith('/v1/postern/requests/')) {
    const found = requests.find(({ id }) => id === path.split('/').at(-1))
    if (!found) throw new Refusal(404, 'request_not_found', 'No such request.')
    return sendJson(response, 200, found)
  }
  if (path === '/v1/postern/security_events') return sendJson(response, 200, pageOf(securityEvents().filter(inWindow(query)), query))
  if (adapterRoute(method, path, query, response)) return
  if (path === '/v1/postern/runners') return sendJson(response, 200, pageOf(runners, query))
  if (path === '/v1/postern/models') return sendJson(response, 200, pageOf(installed, query))
  if (path === '/v1/postern/jobs') return sendJson(response, 200, pageOf(moved(), query))
  const work = /^\/v1\/postern\/models\/([^/]+)\/(measure|quantize|serve)$/.exec(path)
  if (method === 'POST' && work) return sendJson(response, 200, work[2] === 'serve' ? served(work[1], body.digest) : begun(work[1], work[2], body))
  const ended = /^\/v1\/postern\/jobs\/([^/]+)\/cancel$/.exec(path)
  if (method === 'POST' && ended) return sendJson(response, 200, Object.assign(jobs.find(({ id }) => id === ended[1]), { state: 'cancelled', ended_at: seconds() }))
  if (path === '/v1/exports/usage') {
    response.writeHead(200, { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename="usage.csv"' })
    return response.end('id,created_at\n')
  }
  if (path.startsWith('/v1/invoices/')) {
    response.writeHead(200, { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename="invoice.csv"' })
    return response.end('project,model,kind,quantity,unit_price,amount\n')
  }
  if (projectRoute(method, path, query, body, response)) return
  throw new Refusal(404, 'unknown_url', `Unknown URL ${method} ${path}.`)
}

function servePage(response, path) {
  const file = normalize(join(pages, path))
  const found = file.startsWith(pages) && existsSync(file) && statSync(file).isFile() ? file : join(pages, 'index.html')
  response.writeHead(200, {
    'content-type': types[extname(found)] ?? 'application/octet-stream',
    'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
  })
  createReadStream(found).pipe(response)
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock')
  if (!url.pathname.startsWith('/v1/')) return servePage(response, url.pathname)
  response.requestId = `req_${randomUUID().replaceAll('-', '').slice(0, 24)}`
  try {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    await api(request, response, url, chunks.length && request.headers['content-type']?.startsWith('application/json') ? JSON.parse(Buffer.concat(chunks).toString()) : {})
  } catch (error) {
    const { status = 500, code = 'server_error', headers = {} } = error
    sendJson(response, status, { error: { message: error.message, type: 'invalid_request_error', param: null, code } }, headers)
  }
}).listen(port, '127.0.0.1', () => console.log(`Mock API on http://127.0.0.1:${port}, sign in as ${account.email} / ${account.password}`))
