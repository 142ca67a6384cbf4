-- Append-only: the application's role can read it, and can add to it by append_audit alone.
CREATE TABLE audit_log (
  tenant_id  uuid NOT NULL REFERENCES organisations (id),
  -- Counts up from 1 within the tenant, without a gap.
  number     bigint NOT NULL,
  id         uuid NOT NULL UNIQUE,
  at         timestamptz NOT NULL,
  actor_type text NOT NULL CHECK (actor_type IN ('session', 'api_key', 'system')),
  actor_id   uuid NOT NULL,
  actor_name text NOT NULL,
  type       text NOT NULL,
  project_id uuid,
  resource   text NOT NULL,
  detail     jsonb NOT NULL,
  hash       bytea NOT NULL,
  PRIMARY KEY (tenant_id, number)
);
CREATE INDEX audit_log_at ON audit_log (tenant_id, at DESC);
CALL protect_tenant_table('audit_log');
GRANT SELECT ON audit_log TO postern_app;

-- The end of each tenant's chain: shows when the newest entries are cut off.
CREATE TABLE audit_heads (
  tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
  number    bigint NOT NULL,
  hash      bytea NOT NULL
);
CALL protect_tenant_table('audit_heads');
GRANT SELECT ON audit_heads TO postern_app;

-- The hash of an entry covers all its columns and the hash before it. A JSON array, so that no two
-- entries have the same text; microseconds since 1970, so that no setting changes the text.
CREATE FUNCTION audit_hash(p_before bytea, p_entry audit_log) RETURNS bytea
LANGUAGE sql IMMUTABLE
RETURN sha256(p_before || convert_to(jsonb_build_array(
  p_entry.tenant_id, p_entry.number, p_entry.id,
  (extract(epoch FROM p_entry.at) * 1000000)::bigint, p_entry.actor_type, p_entry.actor_id,
  p_entry.actor_name, p_entry.type, p_entry.project_id, p_entry.resource, p_entry.detail)::text,
  'UTF8'));

-- Adds to the current tenant's log. Entries of one tenant queue here, so numbers have no gap.
CREATE FUNCTION append_audit(
  p_id uuid, p_at timestamptz, p_actor_type text, p_actor_id uuid, p_actor_name text, p_type text,
  p_project_id uuid, p_resource text, p_detail jsonb)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_head audit_heads;
  v_entry audit_log;
BEGIN
  IF current_tenant() IS NULL THEN
    RAISE EXCEPTION 'the audit log belongs to a tenant and none is set';
  END IF;
  INSERT INTO audit_heads VALUES (current_tenant(), 0, sha256('')) ON CONFLICT DO NOTHING;
  SELECT * INTO v_head FROM audit_heads WHERE tenant_id = current_tenant() FOR UPDATE;
  v_entry := (
    v_head.tenant_id, v_head.number + 1, p_id, p_at, p_actor_type, p_actor_id, p_actor_name, p_type,
    p_project_id, p_resource, p_detail, NULL);
  v_entry.hash := audit_hash(v_head.hash, v_entry);
  INSERT INTO audit_log VALUES (v_entry.*);
  UPDATE audit_heads SET number = v_entry.number, hash = v_entry.hash
  WHERE tenant_id = v_entry.tenant_id;
END
$$;
REVOKE ALL ON FUNCTION append_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_audit TO postern_app;

-- The first number at which the current tenant's log is not as it was written; null when it is whole.
CREATE FUNCTION first_broken_audit() RETURNS bigint
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
  WITH chained AS (
    SELECT number,
      lag(number, 1, 0::bigint) OVER by_number AS number_before,
      hash,
      audit_hash(lag(hash, 1, sha256('')) OVER by_number, entry) AS expected
    FROM audit_log entry
    WINDOW by_number AS (ORDER BY number)
  )
  SELECT min(number) FROM (
    SELECT number_before + 1 AS number FROM chained
    WHERE number <> number_before + 1 OR hash <> expected
    UNION ALL
    SELECT coalesce(max(entry.number), 0) + 1
    FROM audit_heads head LEFT JOIN audit_log entry USING (tenant_id)
    GROUP BY head.tenant_id, head.number, head.hash
    HAVING coalesce(max(entry.number), 0) <> head.number
    UNION ALL
    SELECT head.number
    FROM audit_heads head JOIN audit_log entry USING (tenant_id, number)
    WHERE entry.hash <> head.hash
  ) broken (number)
$$;
