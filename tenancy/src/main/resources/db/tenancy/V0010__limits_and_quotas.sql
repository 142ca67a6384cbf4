-- What a project may take. A missing row or a null means the installation's default.
CREATE TABLE project_limits (
  project_id              uuid PRIMARY KEY,
  tenant_id               uuid NOT NULL,
  max_concurrent_requests int CHECK (max_concurrent_requests >= 0),
  monthly_budget          numeric(20, 10) CHECK (monthly_budget >= 0),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CALL protect_tenant_table('project_limits');
GRANT SELECT, INSERT, UPDATE ON project_limits TO postern_app;

CREATE TABLE rate_limits (
  project_id          uuid NOT NULL,
  model               text NOT NULL,
  tenant_id           uuid NOT NULL,
  requests_per_minute bigint CHECK (requests_per_minute >= 0),
  tokens_per_minute   bigint CHECK (tokens_per_minute >= 0),
  PRIMARY KEY (project_id, model),
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id)
);
CALL protect_tenant_table('rate_limits');
GRANT SELECT, INSERT, UPDATE ON rate_limits TO postern_app;

-- Triggers, so that a limit that is changed by hand is in force as fast.
CREATE FUNCTION tell_limits_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('postern', 'limits:' || coalesce(NEW.project_id, OLD.project_id));
  RETURN NULL;
END
$$;
CREATE TRIGGER tell_limits_changed AFTER INSERT OR UPDATE OR DELETE ON project_limits
  FOR EACH ROW EXECUTE FUNCTION tell_limits_changed();
CREATE TRIGGER tell_limits_changed AFTER INSERT OR UPDATE OR DELETE ON rate_limits
  FOR EACH ROW EXECUTE FUNCTION tell_limits_changed();

-- The ledger's sum for each project and calendar month (UTC), kept in the transaction that records
-- the events; position is that of the last event counted.
CREATE TABLE project_spend (
  project_id uuid NOT NULL,
  month      date NOT NULL,
  tenant_id  uuid NOT NULL,
  spent      numeric NOT NULL,
  position   bigint NOT NULL,
  PRIMARY KEY (project_id, month)
);
CALL protect_tenant_table('project_spend');
GRANT SELECT ON project_spend TO postern_app;

-- The quota_ tables are the gateways' shared state. Only the functions below touch them.

-- Serialises how slots and money of a project are shared out.
CREATE TABLE quota_project (
  project_id uuid PRIMARY KEY,
  tenant_id  uuid NOT NULL
);

-- A sliding minute. Element i of an array counts the units that may be spent until the second
-- newest - 63 + i (Unix time). A lease lives two seconds, so a unit granted now is counted in the
-- second three ahead, and is forgotten sixty seconds after that: 63 elements hold all that matter.
CREATE TABLE quota_window (
  project_id uuid NOT NULL,
  model      text NOT NULL,
  tenant_id  uuid NOT NULL,
  newest     bigint NOT NULL,
  requests   bigint[] NOT NULL,
  tokens     bigint[] NOT NULL,
  PRIMARY KEY (project_id, model)
) WITH (fillfactor = 50);

-- How many calls at a time each gateway may run for a project.
CREATE TABLE quota_slots (
  project_id uuid NOT NULL,
  holder     uuid NOT NULL,
  tenant_id  uuid NOT NULL,
  slots      int NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, holder)
) WITH (fillfactor = 50);
CREATE INDEX quota_slots_holder ON quota_slots (holder);

-- Money leased to a gateway from a month's budget: granted - returned - settled is outstanding.
-- All three only grow while the epoch stays, so an answer that was lost or comes late does no harm.
-- Leases are whole nanodollars (1e-9 USD); what was settled is exact.
CREATE TABLE quota_money (
  project_id uuid NOT NULL,
  month      date NOT NULL,
  holder     uuid NOT NULL,
  tenant_id  uuid NOT NULL,
  epoch      bigint NOT NULL,
  granted    bigint NOT NULL,
  returned   bigint NOT NULL,
  settled    numeric NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, month, holder)
) WITH (fillfactor = 50);
CREATE INDEX quota_money_holder ON quota_money (holder);
CREATE SEQUENCE quota_epoch;

CALL protect_tenant_table('quota_project');
CALL protect_tenant_table('quota_window');
CALL protect_tenant_table('quota_slots');
CALL protect_tenant_table('quota_money');

-- Brings a window's arrays up to the second p_newest.
CREATE FUNCTION quota_shift(p_units bigint[], p_by bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN p_by <= 0 THEN p_units
  ELSE p_units[p_by + 1 :] || array_fill(0::bigint, ARRAY[least(p_by, 63)::int])
END;

-- Milliseconds until p_short units have left the window; null when they never will.
CREATE FUNCTION quota_wait(p_units bigint[], p_newest bigint, p_short bigint, p_now double precision)
RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN (
  SELECT ceil((p_newest - 3 + i - p_now) * 1000)::bigint
  FROM (
    SELECT i, sum(x) OVER (ORDER BY i) AS gone
    FROM unnest(p_units) WITH ORDINALITY AS u (x, i)
  ) s
  WHERE gone >= p_short
  ORDER BY i
  LIMIT 1
);

-- Leases to a gateway what one call needs, and more where calls wait or are expected.
--
-- need: what the first waiting call is short of; all of it is granted, or nothing is and refused
--       names the first limit in the way.
-- want: what all waiting calls are short of; granted as far as it goes.
-- ahead: what the gateway expects to need soon; a quarter of what is then left at most, so that a
--        limit that runs out is not hoarded.
--
-- Slots are what the gateway holds in all, units and money (nanodollars) what is to be added; a lease
-- lives p_*_ttl milliseconds.
--
-- Time is read after the locks are held. Every unit granted earlier and possibly spent in the sixty
-- seconds before any later moment is counted then, so no sliding minute holds more than the limit.
CREATE FUNCTION door.quota_acquire(
  p_tenant uuid, p_project uuid, p_model text, p_holder uuid,
  p_default_requests bigint, p_default_tokens bigint, p_default_slots int,
  p_requests_need bigint, p_requests_want bigint, p_requests_ahead bigint,
  p_tokens_need bigint, p_tokens_want bigint, p_tokens_ahead bigint,
  p_slots_kept int, p_slots_need int, p_slots_want int, p_slots_ahead int, p_slots_ttl int,
  p_money_need bigint, p_money_want bigint, p_money_ahead bigint,
  p_money_epoch bigint, p_money_returned bigint, p_money_ttl int,
  OUT refused text,
  OUT slot bigint,
  OUT lease_millis int,
  OUT requests_limit bigint, OUT requests_used bigint, OUT requests_granted bigint,
  OUT requests_wait bigint,
  OUT tokens_limit bigint, OUT tokens_used bigint, OUT tokens_granted bigint, OUT tokens_wait bigint,
  OUT slots_limit int, OUT slots_held int,
  OUT money_limit numeric, OUT money_spent numeric, OUT money_position bigint,
  OUT money_epoch bigint, OUT money_granted bigint, OUT money_returned bigint,
  OUT money_settled bigint, OUT money_short boolean, OUT month_left_millis bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  w quota_window;
  at_time timestamptz;
  at_second double precision;
  shift bigint;
  free_requests bigint;
  free_tokens bigint;
  free_slots int;
  free_money bigint;
  this_month date;
BEGIN
  INSERT INTO quota_project (project_id, tenant_id) VALUES (p_project, p_tenant)
  ON CONFLICT DO NOTHING;
  PERFORM FROM quota_project WHERE project_id = p_project FOR UPDATE;
  INSERT INTO quota_window (project_id, model, tenant_id, newest, requests, tokens)
  VALUES (p_project, p_model, p_tenant, 0, array_fill(0::bigint, ARRAY[63]),
          array_fill(0::bigint, ARRAY[63]))
  ON CONFLICT DO NOTHING;
  SELECT * INTO w FROM quota_window q
  WHERE q.project_id = p_project AND q.model = p_model FOR UPDATE;

  at_time := clock_timestamp();
  at_second := extract(epoch FROM at_time);
  lease_millis := 2000;
  slot := greatest(floor(at_second)::bigint + 3, w.newest);
  shift := least(slot - w.newest, 63);
  w.newest := slot;
  w.requests := quota_shift(w.requests, shift);
  w.tokens := quota_shift(w.tokens, shift);

  SELECT coalesce(r.requests_per_minute, p_default_requests),
         coalesce(r.tokens_per_minute, p_default_tokens)
  INTO requests_limit, tokens_limit
  FROM (SELECT) one
  LEFT JOIN rate_limits r ON r.project_id = p_project AND r.model = p_model;
  SELECT coalesce(l.max_concurrent_requests, p_default_slots), l.monthly_budget
  INTO slots_limit, money_limit
  FROM (SELECT) one LEFT JOIN project_limits l ON l.project_id = p_project;

  requests_used := (SELECT sum(x) FROM unnest(w.requests) x);
  tokens_used := (SELECT sum(x) FROM unnest(w.tokens) x);
  free_requests := requests_limit - requests_used;
  free_tokens := tokens_limit - tokens_used;
  requests_granted := 0;
  tokens_granted := 0;
  SELECT slots_limit - coalesce(sum(s.slots), 0) INTO free_slots FROM quota_slots s
  WHERE s.project_id = p_project AND s.holder <> p_holder AND s.expires_at > at_time;

  IF p_requests_need > 0 AND p_requests_need > free_requests THEN
    refused := 'requests';
    requests_wait :=
      quota_wait(w.requests, w.newest, p_requests_need - free_requests, at_second);
  ELSIF p_tokens_need > 0 AND p_tokens_need > free_tokens THEN
    refused := 'tokens';
    tokens_wait := quota_wait(w.tokens, w.newest, p_tokens_need - free_tokens, at_second);
  ELSIF p_slots_need > p_slots_kept AND p_slots_need > free_slots THEN
    refused := 'slots';
  END IF;

  IF money_limit IS NOT NULL THEN
    this_month := date_trunc('month', at_time AT TIME ZONE 'UTC')::date;
    month_left_millis := ceil(extract(epoch FROM
      ((this_month + interval '1 month') AT TIME ZONE 'UTC') - at_time) * 1000);
    INSERT INTO quota_money AS m
      (project_id, month, holder, tenant_id, epoch, granted, returned, settled, expires_at)
    VALUES (p_project, this_month, p_holder, p_tenant, nextval('quota_epoch'), 0, 0, 0,
            at_time + p_money_ttl * interval '1 ms')
    ON CONFLICT (project_id, month, holder) DO UPDATE SET
      epoch = CASE WHEN m.expires_at > at_time THEN m.epoch ELSE excluded.epoch END,
      granted = CASE WHEN m.expires_at > at_time THEN m.granted ELSE 0 END,
      settled = CASE WHEN m.expires_at > at_time THEN m.settled ELSE 0 END,
      returned = CASE WHEN m.expires_at <= at_time THEN 0
                      WHEN m.epoch = p_money_epoch THEN greatest(m.returned, p_money_returned)
                      ELSE m.returned END,
      expires_at = excluded.expires_at;
    -- One statement sees what is spent and what is leased at one moment: recording an event moves
    -- its amount from the one to the other.
    SELECT coalesce(s.spent, 0), coalesce(s.position, 0),
           floor((money_limit - coalesce(s.spent, 0)) * 1000000000 - (
             SELECT coalesce(sum(greatest(m.granted - m.returned - m.settled * 1000000000, 0)), 0)
             FROM quota_money m
             WHERE m.project_id = p_project AND m.month = this_month AND m.expires_at > at_time))
    INTO money_spent, money_position, free_money
    FROM (SELECT) one
    LEFT JOIN project_spend s ON s.project_id = p_project AND s.month = this_month;
    IF refused IS NULL AND p_money_need > 0 AND p_money_need > free_money THEN
      refused := 'money';
    END IF;
    money_short := p_money_want > free_money;
    UPDATE quota_money m SET granted = m.granted + CASE
        WHEN refused IS NOT NULL THEN 0
        ELSE greatest(least(p_money_want, free_money), 0)
             + greatest(least(p_money_ahead, (free_money - p_money_want) / 4), 0) END
    WHERE m.project_id = p_project AND m.month = this_month AND m.holder = p_holder
    RETURNING m.epoch, m.granted, m.returned, ceil(m.settled * 1000000000)
    INTO money_epoch, money_granted, money_returned, money_settled;
  END IF;

  slots_held := p_slots_kept;
  IF refused IS NULL THEN
    requests_granted := greatest(least(p_requests_want, free_requests), 0);
    requests_granted := requests_granted
      + greatest(least(p_requests_ahead, (free_requests - requests_granted) / 4), 0);
    tokens_granted := greatest(least(p_tokens_want, free_tokens), 0);
    tokens_granted := tokens_granted
      + greatest(least(p_tokens_ahead, (free_tokens - tokens_granted) / 4), 0);
    w.requests[63] := w.requests[63] + requests_granted;
    w.tokens[63] := w.tokens[63] + tokens_granted;
    requests_used := requests_used + requests_granted;
    tokens_used := tokens_used + tokens_granted;
    slots_held := greatest(p_slots_kept, least(p_slots_want, free_slots));
    slots_held := slots_held
      + greatest(least(p_slots_ahead, (free_slots - slots_held) / 4), 0);
  END IF;
  UPDATE quota_window q SET newest = w.newest, requests = w.requests, tokens = w.tokens
  WHERE q.project_id = p_project AND q.model = p_model;
  INSERT INTO quota_slots AS s (project_id, holder, tenant_id, slots, expires_at)
  VALUES (p_project, p_holder, p_tenant, slots_held, at_time + p_slots_ttl * interval '1 ms')
  ON CONFLICT (project_id, holder) DO UPDATE
  SET slots = excluded.slots, expires_at = excluded.expires_at;
END
$$;

-- Takes back units that were leased and not used. A negative number is a debt: tokens that calls
-- took beyond what they had reserved, counted from now on.
CREATE FUNCTION door.quota_give_back(
  p_projects uuid[], p_models text[], p_slots bigint[], p_requests bigint[], p_tokens bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  key record;
  back record;
  w quota_window;
  latest bigint;
  shift bigint;
  i int;
BEGIN
  FOR key IN
    SELECT DISTINCT project_id, model FROM unnest(p_projects, p_models) AS k (project_id, model)
    ORDER BY project_id, model
  LOOP
    SELECT * INTO w FROM quota_window q
    WHERE q.project_id = key.project_id AND q.model = key.model FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    latest := greatest(floor(extract(epoch FROM clock_timestamp()))::bigint + 3, w.newest);
    shift := least(latest - w.newest, 63);
    w.newest := latest;
    w.requests := quota_shift(w.requests, shift);
    w.tokens := quota_shift(w.tokens, shift);
    FOR back IN
      SELECT b.slot, b.requests, b.tokens
      FROM unnest(p_projects, p_models, p_slots, p_requests, p_tokens)
        AS b (project_id, model, slot, requests, tokens)
      WHERE b.project_id = key.project_id AND b.model = key.model
    LOOP
      i := CASE WHEN back.tokens < 0 THEN 63 ELSE back.slot - w.newest + 63 END;
      IF i BETWEEN 1 AND 63 THEN
        w.requests[i] := greatest(w.requests[i] - back.requests, 0);
        w.tokens[i] := greatest(w.tokens[i] - back.tokens, 0);
      END IF;
    END LOOP;
    UPDATE quota_window q SET newest = w.newest, requests = w.requests, tokens = w.tokens
    WHERE q.project_id = key.project_id AND q.model = key.model;
  END LOOP;
END
$$;

-- A gateway's heartbeat: it lives on, holds this many slots and has returned this much money. What
-- had expired already stays expired. Answers with the projects whose leases were renewed.
CREATE FUNCTION door.quota_keep(
  p_holder uuid, p_projects uuid[], p_slots int[], p_slots_ttl int,
  p_epochs bigint[], p_returned bigint[], p_money_ttl int)
RETURNS TABLE (kept_project uuid, kept_slots boolean, kept_money boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM FROM quota_slots s WHERE s.holder = p_holder AND s.project_id = ANY (p_projects)
  ORDER BY s.project_id FOR UPDATE;
  PERFORM FROM quota_money m WHERE m.holder = p_holder AND m.project_id = ANY (p_projects)
  ORDER BY m.project_id, m.month FOR UPDATE;
  RETURN QUERY
  WITH k AS (
    SELECT * FROM unnest(p_projects, p_slots, p_epochs, p_returned)
      AS k (project_id, slots, epoch, returned)
  ), s AS (
    UPDATE quota_slots q
    SET slots = least(q.slots, k.slots), expires_at = clock_timestamp() + p_slots_ttl * interval '1 ms'
    FROM k
    WHERE q.holder = p_holder AND q.project_id = k.project_id AND q.expires_at > clock_timestamp()
    RETURNING q.project_id
  ), m AS (
    UPDATE quota_money q
    SET returned = greatest(q.returned, k.returned), expires_at = clock_timestamp() + p_money_ttl * interval '1 ms'
    FROM k
    WHERE q.holder = p_holder AND q.project_id = k.project_id AND q.epoch = k.epoch
      AND q.expires_at > clock_timestamp()
    RETURNING q.project_id
  )
  SELECT k.project_id, s.project_id IS NOT NULL, m.project_id IS NOT NULL
  FROM k LEFT JOIN s USING (project_id) LEFT JOIN m USING (project_id);
END
$$;

-- A gateway that starts again under its old name, or ends, lets go of all it held.
CREATE FUNCTION door.quota_leave(p_holder uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  DELETE FROM quota_slots WHERE holder = p_holder;
  DELETE FROM quota_money WHERE holder = p_holder;
END;

-- Forgets what no longer limits anything.
CREATE FUNCTION door.quota_sweep() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  DELETE FROM quota_slots WHERE expires_at < clock_timestamp() - interval '1 minute';
  DELETE FROM quota_money WHERE expires_at < clock_timestamp() - interval '1 hour';
  DELETE FROM quota_window q USING (
    SELECT project_id, model FROM quota_window
    WHERE newest < extract(epoch FROM clock_timestamp()) - 120
    LIMIT 1000 FOR UPDATE SKIP LOCKED
  ) old
  WHERE q.project_id = old.project_id AND q.model = old.model;
END;
