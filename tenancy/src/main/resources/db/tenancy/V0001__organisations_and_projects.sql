-- Every table below that has tenants' rows has row-level security, forced, so that the owner of the
-- schema meets it too. The application's role sees the rows of the tenant that its transaction has
-- set, and none without one. What must look across tenants is a SECURITY DEFINER function in the
-- schema door: there are few, each answers one question, and only they pass by the owner's policy.

CREATE SCHEMA door;
GRANT USAGE ON SCHEMA door TO postern_app;
GRANT USAGE ON SCHEMA public TO postern_app;

-- The tenant of this transaction, null when it has none.
CREATE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('postern.tenant', true), '')::uuid $$;

-- Puts a table behind row-level security. Privileges are granted beside each table.
CREATE PROCEDURE protect_tenant_table(p_table regclass, p_tenant_column name DEFAULT 'tenant_id')
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format(
    'CREATE POLICY tenant ON %s TO postern_app
       USING (%2$I = nullif(current_setting(''postern.tenant'', true), '''')::uuid)
       WITH CHECK (%2$I = nullif(current_setting(''postern.tenant'', true), '''')::uuid)',
    p_table, p_tenant_column);
  EXECUTE format(
    'CREATE POLICY owner ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
END
$$;
REVOKE ALL ON PROCEDURE protect_tenant_table FROM PUBLIC;

CREATE TABLE organisations (
  id         uuid PRIMARY KEY,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL
);
CALL protect_tenant_table('organisations', 'id');
GRANT SELECT, INSERT ON organisations TO postern_app;

CREATE TABLE projects (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL REFERENCES organisations (id),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at  timestamptz NOT NULL,
  archived_at timestamptz,
  -- Lets other tables refer to a project of their own tenant and to no other.
  UNIQUE (tenant_id, id)
);
CALL protect_tenant_table('projects');
GRANT SELECT, INSERT, UPDATE (name, archived_at) ON projects TO postern_app;

-- True when there is no organisation yet; others who ask wait for the end of this transaction.
CREATE FUNCTION door.claim_first_start() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('postern.first_start', 0));
  RETURN NOT EXISTS (SELECT FROM organisations);
END
$$;
