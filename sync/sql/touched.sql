CREATE TEMP TABLE sync_touched ON COMMIT DROP AS
SELECT id AS object_id, sync_kind AS kind FROM sync_stage
