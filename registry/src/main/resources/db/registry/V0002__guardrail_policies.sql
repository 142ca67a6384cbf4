-- A project's policies, each version a row; the one in force is the highest. Append-only.
CREATE TABLE guardrail_policies (
  tenant_id  uuid NOT NULL,
  project_id uuid NOT NULL,
  version    bigint NOT NULL CHECK (version > 0),
  -- {"pii.email": "redact", …}
  actions    jsonb NOT NULL,
  block_list text[] NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, project_id, version),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CALL protect_tenant_table('guardrail_policies');
GRANT SELECT, INSERT ON guardrail_policies TO postern_app;

CREATE FUNCTION tell_policy_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('postern', 'policies:' || NEW.tenant_id || '/' || NEW.project_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_policy_changed AFTER INSERT ON guardrail_policies
  FOR EACH ROW EXECUTE FUNCTION tell_policy_changed();
