-- Everything up to here has ended; what a running transaction writes comes later.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1
