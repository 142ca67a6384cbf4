-- What a project gets of the runners when they are busy. A null weight means 1.
ALTER TABLE project_limits
  ADD COLUMN weight int CHECK (weight BETWEEN 1 AND 1000),
  ADD COLUMN priority boolean NOT NULL DEFAULT false;

-- A gateway asks with each lease, so that a change is in force as fast as that of a limit.
CREATE FUNCTION door.project_share(p_project uuid, OUT weight int, OUT priority boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT coalesce(max(l.weight), 1), coalesce(bool_or(l.priority), false)
  FROM project_limits l WHERE l.project_id = p_project;
END;
