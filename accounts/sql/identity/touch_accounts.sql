CREATE TEMP TABLE sync_touched ON COMMIT DROP AS
SELECT object_id, kind FROM unnest(%s::bigint[], %s::text[]) AS touched (object_id, kind)
