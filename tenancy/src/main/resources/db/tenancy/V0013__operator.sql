-- The organisation made at the first start runs the installation: it sets prices and makes other
-- organisations. A trigger decides, so that the application's role cannot name another.
ALTER TABLE organisations ADD COLUMN operator boolean NOT NULL DEFAULT false;
UPDATE organisations SET operator = true
WHERE id = (SELECT id FROM organisations ORDER BY created_at, id LIMIT 1);
CREATE UNIQUE INDEX organisations_one_operator ON organisations (operator) WHERE operator;

CREATE FUNCTION name_operator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('postern.first_start', 0));
  NEW.operator := NOT EXISTS (SELECT FROM organisations);
  RETURN NEW;
END
$$;
CREATE TRIGGER name_operator BEFORE INSERT ON organisations
  FOR EACH ROW EXECUTE FUNCTION name_operator();
