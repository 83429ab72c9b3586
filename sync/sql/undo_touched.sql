CREATE TEMP TABLE sync_touched ON COMMIT DROP AS
SELECT object_id, 'deleted'::text AS kind FROM unnest(%(objects)s::bigint[]) AS o (object_id)
