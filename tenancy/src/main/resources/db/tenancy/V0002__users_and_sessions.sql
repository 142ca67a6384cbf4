CREATE TABLE users (
  id            uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL REFERENCES organisations (id),
  email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
  name          text NOT NULL,
  role          text NOT NULL CHECK (role IN ('owner', 'member')),
  password_hash text NOT NULL,
  created_at    timestamptz NOT NULL,
  UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CALL protect_tenant_table('users');
-- Only a sign-in reads the password, through the door.
GRANT SELECT (id, tenant_id, email, name, role, created_at), INSERT ON users TO postern_app;

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  tenant_id  uuid NOT NULL,
  user_id    uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CALL protect_tenant_table('sessions');
GRANT SELECT, INSERT, UPDATE (expires_at), DELETE ON sessions TO postern_app;

-- Attempts to sign in, by keyed hashes of who tries. Rows outlive the window by no more than the
-- next attempt.
CREATE TABLE sign_in_attempts (
  subject bytea NOT NULL,
  at      timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_subject ON sign_in_attempts (subject, at);
CREATE INDEX sign_in_attempts_at ON sign_in_attempts (at);

-- Counts an attempt against each subject unless one of them is at its limit. Counted before the
-- password is checked, so attempts sent all at once are limited too.
-- Returns null when admitted, else when to come back.
CREATE FUNCTION door.admit_sign_in(
  p_subjects bytea[], p_limits int[], p_now timestamptz, p_window interval)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_again timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('postern.sign_in', 0));
  DELETE FROM sign_in_attempts WHERE at <= p_now - p_window;
  SELECT max(reached.free_at) INTO v_again
  FROM unnest(p_subjects, p_limits) AS wanted (subject, ceiling)
  CROSS JOIN LATERAL (
    -- The newest attempt that has to leave the window before there is room.
    SELECT attempt.at + p_window AS free_at
    FROM sign_in_attempts attempt
    WHERE attempt.subject = wanted.subject
    ORDER BY attempt.at DESC
    OFFSET wanted.ceiling - 1 LIMIT 1) reached;
  IF v_again IS NULL THEN
    INSERT INTO sign_in_attempts SELECT subject, p_now FROM unnest(p_subjects) AS s (subject);
  END IF;
  RETURN v_again;
END
$$;

-- An attempt that succeeded at p_at counts against nobody, and clears the first of its subjects.
CREATE FUNCTION door.forget_sign_in(p_subjects bytea[], p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  DELETE FROM sign_in_attempts
  WHERE subject = p_subjects[1] OR (subject = ANY (p_subjects) AND at = p_at);
END;

CREATE FUNCTION door.user_by_email(p_email text) RETURNS SETOF users
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT * FROM users WHERE lower(email) = lower(p_email);
END;

-- A session with its user and organisation, whether or not it has ended.
CREATE FUNCTION door.session_by_token(
  p_token_hash bytea, OUT expires_at timestamptz, OUT id uuid, OUT tenant_id uuid, OUT email text,
  OUT name text, OUT role text, OUT created_at timestamptz, OUT organisation_name text,
  OUT organisation_created_at timestamptz)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT s.expires_at, u.id, u.tenant_id, u.email, u.name, u.role, u.created_at, o.name,
    o.created_at
  FROM sessions s
  JOIN users u ON u.id = s.user_id
  JOIN organisations o ON o.id = s.tenant_id
  WHERE s.token_hash = p_token_hash;
END;
