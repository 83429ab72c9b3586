CREATE TEMP TABLE sync_touched ON COMMIT DROP AS
SELECT %(object)s::bigint AS object_id, 'deleted'::text AS kind
