CREATE TEMP TABLE sync_stage ON COMMIT DROP AS
SELECT
    NULL::integer AS sync_ord,
    NULL::text AS sync_external_id,
    NULL::timestamptz AS sync_time,
    NULL::bigint AS sync_link,
    NULL::bigint AS id,
    NULL::text AS sync_kind,
    NULL::bigint AS sync_present,
    NULL::text AS sync_digest,
    NULL::boolean AS sync_shared,
    NULL::boolean AS sync_others,
    {columns}
FROM {target}
WITH NO DATA
