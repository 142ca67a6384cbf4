-- Model versions and runners belong to the installation and every tenant may know them: there is no
-- row-level security on them, only few privileges. A deployment belongs to one tenant or, with a
-- null, to all.

CREATE TABLE model_versions (
  digest           text PRIMARY KEY CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  name             text NOT NULL,
  role             text NOT NULL CHECK (role IN ('chat', 'embedding')),
  context_length   int NOT NULL CHECK (context_length > 0),
  embedding_length int NOT NULL CHECK (embedding_length > 0),
  folder           text NOT NULL,
  manifest         jsonb NOT NULL,
  created_at       timestamptz NOT NULL
);
-- Immutable: neither update nor delete.
GRANT SELECT, INSERT ON model_versions TO postern_app;

CREATE TABLE deployments (
  tenant_id  uuid REFERENCES organisations (id),
  name       text NOT NULL,
  digest     text NOT NULL REFERENCES model_versions (digest),
  created_at timestamptz NOT NULL,
  UNIQUE NULLS NOT DISTINCT (tenant_id, name)
);
ALTER TABLE deployments ENABLE ROW LEVEL SECURITY;
ALTER TABLE deployments FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON deployments TO CURRENT_USER USING (true) WITH CHECK (true);
-- A tenant sees its own and those of all, and writes its own. Those of all are written where no
-- tenant is set, which is the operator.
CREATE POLICY visible ON deployments FOR SELECT TO postern_app
  USING (tenant_id IS NULL OR tenant_id = current_tenant());
CREATE POLICY added ON deployments FOR INSERT TO postern_app
  WITH CHECK (tenant_id IS NOT DISTINCT FROM current_tenant());
CREATE POLICY changed ON deployments FOR UPDATE TO postern_app
  USING (tenant_id IS NOT DISTINCT FROM current_tenant());
CREATE POLICY removed ON deployments FOR DELETE TO postern_app
  USING (tenant_id IS NOT DISTINCT FROM current_tenant());
GRANT SELECT, INSERT, UPDATE (digest), DELETE ON deployments TO postern_app;

CREATE TABLE runners (
  name         text PRIMARY KEY,
  base_uri     text NOT NULL,
  -- [{"digest": "sha256:…", "model": "name to send"}]
  served       jsonb NOT NULL,
  heartbeat_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON runners TO postern_app;

-- Every tenant's deployments, for gateways that keep them in memory.
CREATE FUNCTION door.all_deployments() RETURNS SETOF deployments
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT * FROM deployments;
END;

CREATE FUNCTION tell_routes_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('postern', 'routes:');
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_routes_changed AFTER INSERT OR UPDATE OR DELETE ON deployments
  FOR EACH STATEMENT EXECUTE FUNCTION tell_routes_changed();
CREATE TRIGGER tell_routes_changed AFTER INSERT OR DELETE OR UPDATE OF base_uri, served ON runners
  FOR EACH STATEMENT EXECUTE FUNCTION tell_routes_changed();
-- A heartbeat is news only when it comes after a silence.
CREATE TRIGGER tell_runner_is_back AFTER UPDATE ON runners
  FOR EACH ROW WHEN (NEW.heartbeat_at > OLD.heartbeat_at + interval '20 seconds')
  EXECUTE FUNCTION tell_routes_changed();
