CREATE TABLE service_accounts (
  id         uuid PRIMARY KEY,
  tenant_id  uuid NOT NULL,
  project_id uuid NOT NULL,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  UNIQUE (tenant_id, project_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CALL protect_tenant_table('service_accounts');
GRANT SELECT, INSERT, UPDATE (deleted_at) ON service_accounts TO postern_app;

CREATE TABLE api_keys (
  id                 uuid PRIMARY KEY,
  tenant_id          uuid NOT NULL REFERENCES organisations (id),
  kind               text NOT NULL CHECK (kind IN ('project', 'service_account', 'admin')),
  project_id         uuid,
  service_account_id uuid,
  created_by         uuid,
  name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- HMAC-SHA-256 of the secret under the installation's pepper.
  hash               bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  -- The secret's last four characters, to tell keys apart.
  suffix             text NOT NULL,
  created_at         timestamptz NOT NULL,
  last_used_at       timestamptz,
  expires_at         timestamptz,
  revoked_at         timestamptz,
  CHECK ((kind = 'admin') = (project_id IS NULL)),
  CHECK ((kind = 'service_account') = (service_account_id IS NOT NULL)),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id, service_account_id)
    REFERENCES service_accounts (tenant_id, project_id, id)
);
CREATE INDEX api_keys_project ON api_keys (tenant_id, project_id, id DESC);
CALL protect_tenant_table('api_keys');
GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_keys TO postern_app;

-- Who a key belongs to, unless it is revoked or its project or account has ended. Expiry is left to
-- the caller, which checks it again on every use.
CREATE FUNCTION door.key_by_hash(
  p_hash bytea, OUT id uuid, OUT tenant_id uuid, OUT project_id uuid, OUT name text,
  OUT expires_at timestamptz)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT k.id, k.tenant_id, k.project_id, k.name, k.expires_at
  FROM api_keys k
  LEFT JOIN projects p ON p.id = k.project_id
  LEFT JOIN service_accounts a ON a.id = k.service_account_id
  WHERE k.hash = p_hash AND k.revoked_at IS NULL AND p.archived_at IS NULL AND a.deleted_at IS NULL;
END;

-- Notes uses of many keys at once. Never moves a time back: gateways report in any order. Locks in
-- the order of the ids, so that two gateways do not wait for each other.
CREATE FUNCTION door.touch_keys(p_ids uuid[], p_used timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  WITH locked AS (
    SELECT id FROM api_keys WHERE id = ANY (p_ids) ORDER BY id FOR NO KEY UPDATE
  )
  UPDATE api_keys k SET last_used_at = u.used
  FROM locked l JOIN unnest(p_ids, p_used) AS u (id, used) ON u.id = l.id
  WHERE k.id = l.id AND (k.last_used_at IS NULL OR k.last_used_at < u.used);
END;

-- A trigger, so that a key that is revoked by hand is dead as fast.
CREATE FUNCTION tell_key_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('postern', 'keys:' || encode(OLD.hash, 'hex'));
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_key_changed AFTER UPDATE OF revoked_at, expires_at, hash OR DELETE ON api_keys
  FOR EACH ROW EXECUTE FUNCTION tell_key_changed();
