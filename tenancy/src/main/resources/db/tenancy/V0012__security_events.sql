-- What guardrails found, one row a finding, append-only; never the text itself.
CREATE TABLE security_events (
  id           uuid NOT NULL,
  tenant_id    uuid NOT NULL,
  project_id   uuid NOT NULL,
  request_id   uuid NOT NULL,
  subject_kind text NOT NULL,
  subject_id   uuid NOT NULL,
  created_at   timestamptz NOT NULL,
  detector     text NOT NULL,
  action       text NOT NULL,
  stage        text NOT NULL,
  count        bigint NOT NULL,
  PRIMARY KEY (id, created_at)
);
CREATE INDEX security_events_tenant ON security_events (tenant_id, created_at DESC, id DESC);
CREATE INDEX security_events_request ON security_events (request_id);
CALL protect_tenant_table('security_events');
GRANT SELECT ON security_events TO postern_app;

-- Records a batch over all tenants; an event that is there already is left alone.
CREATE FUNCTION door.security_append(
  p_id uuid[], p_tenant_id uuid[], p_project_id uuid[], p_request_id uuid[], p_subject_kind text[],
  p_subject_id uuid[], p_created_at timestamptz[], p_detector text[], p_action text[],
  p_stage text[], p_count bigint[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  INSERT INTO security_events (
    id, tenant_id, project_id, request_id, subject_kind, subject_id, created_at, detector, action,
    stage, count)
  SELECT * FROM unnest(
    p_id, p_tenant_id, p_project_id, p_request_id, p_subject_kind, p_subject_id, p_created_at,
    p_detector, p_action, p_stage, p_count)
  ON CONFLICT (id, created_at) DO NOTHING;
END;
