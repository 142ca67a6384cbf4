-- Of the completion's tokens, those that the model thought before its answer.
ALTER TABLE usage_events ADD COLUMN reasoning_tokens bigint NOT NULL DEFAULT 0;

-- A model with an adapter (base@adapter) costs what its base does where the price book has no price
-- of that kind for it.
DROP FUNCTION door.ledger_append;

-- Records a batch, prices it and charges the gateway's leases, all in one statement. An event that
-- is there already is left alone. Answers with what the gateway's leases were charged so far, in
-- nanodollars, rounded up.
CREATE FUNCTION door.ledger_append(
  p_holder uuid,
  p_id uuid[], p_tenant_id uuid[], p_project_id uuid[], p_subject_kind text[], p_subject_id uuid[],
  p_endpoint text[], p_model text[], p_version text[],
  p_prompt_tokens bigint[], p_cached_tokens bigint[], p_completion_tokens bigint[],
  p_outcome text[], p_http_status int[], p_error_code text[], p_streamed boolean[],
  p_started_at timestamptz[], p_first_token_micros bigint[], p_total_micros bigint[],
  p_runner_cpu_micros bigint[], p_stage_micros text[], p_verdict text[],
  p_input_quantity bigint[], p_cached_quantity bigint[], p_output_quantity bigint[],
  p_reasoning_tokens bigint[])
RETURNS TABLE (charged_project uuid, charged_epoch bigint, charged bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  RETURN QUERY
  WITH event AS (
    SELECT e.*, split_part(e.model, '@', 1) AS base FROM unnest(
      p_id, p_tenant_id, p_project_id, p_subject_kind, p_subject_id, p_endpoint, p_model, p_version,
      p_prompt_tokens, p_cached_tokens, p_completion_tokens, p_outcome, p_http_status, p_error_code,
      p_streamed, p_started_at, p_first_token_micros, p_total_micros, p_runner_cpu_micros,
      p_stage_micros, p_verdict, p_input_quantity, p_cached_quantity, p_output_quantity,
      p_reasoning_tokens)
    WITH ORDINALITY AS e (
      id, tenant_id, project_id, subject_kind, subject_id, endpoint, model, version,
      prompt_tokens, cached_tokens, completion_tokens, outcome, http_status, error_code,
      streamed, started_at, first_token_micros, total_micros, runner_cpu_micros,
      stage_micros, verdict, input_quantity, cached_quantity, output_quantity,
      reasoning_tokens, place)
  ), recorded AS (
    INSERT INTO usage_events (
      id, tenant_id, project_id, subject_kind, subject_id, endpoint, model, version,
      prompt_tokens, cached_tokens, completion_tokens, outcome, http_status, error_code,
      streamed, started_at, first_token_micros, total_micros, runner_cpu_micros,
      stage_micros, verdict, input_quantity, cached_quantity, output_quantity, reasoning_tokens,
      input_price_id, cached_price_id, output_price_id,
      input_per_million, cached_per_million, output_per_million,
      input_from, cached_from, output_from, amount)
    SELECT
      e.id, e.tenant_id, e.project_id, e.subject_kind, e.subject_id, e.endpoint, e.model, e.version,
      e.prompt_tokens, e.cached_tokens, e.completion_tokens, e.outcome, e.http_status, e.error_code,
      e.streamed, e.started_at, e.first_token_micros, e.total_micros, e.runner_cpu_micros,
      e.stage_micros::json, e.verdict, e.input_quantity, e.cached_quantity, e.output_quantity,
      e.reasoning_tokens,
      i.id, c.id, o.id,
      i.per_million, c.per_million, o.per_million,
      i.effective_from, c.effective_from, o.effective_from,
      -- Each product is exact: ten digits of the price and six of the million make sixteen.
      (CASE WHEN e.input_quantity = 0 THEN 0 ELSE e.input_quantity * i.per_million END
        + CASE WHEN e.cached_quantity = 0 THEN 0 ELSE e.cached_quantity * c.per_million END
        + CASE WHEN e.output_quantity = 0 THEN 0 ELSE e.output_quantity * o.per_million END)
        * 0.000001
    FROM event e
    LEFT JOIN LATERAL (
      SELECT p.id, p.per_million, p.effective_from FROM prices p
      WHERE p.model IN (e.model, e.base) AND p.kind = 'input' AND p.effective_from <= e.started_at
      ORDER BY length(p.model) DESC, p.effective_from DESC LIMIT 1) i ON e.input_quantity > 0
    LEFT JOIN LATERAL (
      SELECT p.id, p.per_million, p.effective_from FROM prices p
      WHERE p.model IN (e.model, e.base) AND p.kind IN ('cached', 'input') AND p.effective_from <= e.started_at
      ORDER BY length(p.model) DESC, p.kind, p.effective_from DESC LIMIT 1) c ON e.cached_quantity > 0
    LEFT JOIN LATERAL (
      SELECT p.id, p.per_million, p.effective_from FROM prices p
      WHERE p.model IN (e.model, e.base) AND p.kind = 'output' AND p.effective_from <= e.started_at
      ORDER BY length(p.model) DESC, p.effective_from DESC LIMIT 1) o ON e.output_quantity > 0
    ORDER BY e.place
    ON CONFLICT (id, started_at) DO NOTHING
    RETURNING usage_events.tenant_id, usage_events.project_id, usage_events.started_at,
      usage_events.amount, usage_events.position
  ), spend AS (
    SELECT r.tenant_id, r.project_id, date_trunc('month', r.started_at AT TIME ZONE 'UTC')::date AS month,
      coalesce(sum(r.amount), 0) AS amount, max(r.position) AS position
    FROM recorded r GROUP BY 1, 2, 3
  ), total AS (
    INSERT INTO project_spend AS t (project_id, month, tenant_id, spent, position)
    SELECT s.project_id, s.month, s.tenant_id, s.amount, s.position FROM spend s
    ORDER BY s.project_id, s.month
    ON CONFLICT (project_id, month) DO UPDATE
    SET spent = t.spent + excluded.spent, position = greatest(t.position, excluded.position)
  ), lease AS (
    SELECT m.project_id, m.month FROM quota_money m JOIN spend s USING (project_id, month)
    WHERE m.holder = p_holder ORDER BY m.project_id, m.month FOR UPDATE OF m
  )
  UPDATE quota_money m SET settled = m.settled + s.amount
  FROM lease l JOIN spend s USING (project_id, month)
  WHERE m.project_id = l.project_id AND m.month = l.month AND m.holder = p_holder
  RETURNING m.project_id, m.epoch, ceil(m.settled * 1000000000)::bigint;
END
$$;
