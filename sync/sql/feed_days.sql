-- What each feed sent by UTC day, from batches since a day. Batches that apply what had
-- waited, or take something back, bring nothing new.
INSERT INTO sync_feedday AS held
    (source_id, resource, day, batches, rows, rejected, first_at, last_at, longest_pause)
SELECT b.source_id, b.resource, b.day, count(*), sum(b.rows), sum(b.rejected), min(b.received_at), max(b.received_at),
    max(extract(epoch FROM b.received_at - coalesce(b.previous_at, before.last_at)))
FROM (
    SELECT source_id, resource, received_at, rejected, (received_at AT TIME ZONE 'UTC')::date AS day,
        created + updated + unchanged + stale + pending + rejected + deleted AS rows,
        lag(received_at) OVER (PARTITION BY source_id, resource ORDER BY received_at) AS previous_at
    FROM sync_batch
    WHERE received_at >= %(since)s AND mode NOT IN ('pending', 'undo')
) AS b
LEFT JOIN (
    SELECT DISTINCT ON (source_id, resource) source_id, resource, last_at
    FROM sync_feedday
    WHERE day < %(first_day)s
    ORDER BY source_id, resource, day DESC
) AS before ON before.source_id = b.source_id AND before.resource = b.resource
GROUP BY b.source_id, b.resource, b.day
ON CONFLICT (source_id, resource, day) DO UPDATE
SET batches = excluded.batches, rows = excluded.rows, rejected = excluded.rejected, first_at = excluded.first_at,
    last_at = excluded.last_at, longest_pause = excluded.longest_pause
WHERE (held.batches, held.last_at) IS DISTINCT FROM (excluded.batches, excluded.last_at)
