CREATE TEMP TABLE sync_waiting (
    external_id text,
    payload jsonb,
    source_updated_at timestamptz,
    code text,
    field text,
    detail text,
    candidates jsonb,
    waits_for_resource text,
    waits_for_source_id bigint,
    waits_for_external_id text
) ON COMMIT DROP
