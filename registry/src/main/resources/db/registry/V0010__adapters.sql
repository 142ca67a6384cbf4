-- Adapters of projects: what they add to a base model, which is named and not pinned, so that they go
-- on when its format changes. Clients call them base@name.
CREATE TABLE adapters (
  id         uuid PRIMARY KEY,
  tenant_id  uuid NOT NULL,
  project_id uuid NOT NULL,
  base       text NOT NULL,
  name       text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  digest     text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  rank       int NOT NULL CHECK (rank > 0),
  targets    text[] NOT NULL,
  parameters bigint NOT NULL,
  bytes      bigint NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (project_id, base, name),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CREATE INDEX adapters_tenant ON adapters (tenant_id, id DESC);
CALL protect_tenant_table('adapters');
GRANT SELECT, INSERT, DELETE ON adapters TO postern_app;

-- Every tenant's adapters, for gateways that keep them in memory.
CREATE FUNCTION door.all_adapters() RETURNS SETOF adapters
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT * FROM adapters;
END;

CREATE TRIGGER tell_routes_changed AFTER INSERT OR DELETE ON adapters
  FOR EACH STATEMENT EXECUTE FUNCTION tell_routes_changed();
