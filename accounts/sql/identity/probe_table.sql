CREATE TEMP TABLE identity_probe ON COMMIT DROP AS
SELECT id FROM unnest(%(probes)s::bigint[]) AS probe (id)
