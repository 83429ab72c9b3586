-- A page of a stream in the order of its transactions, short of the oldest one still running.
WITH page AS (
    SELECT t.xid AS feed_xid, t.id AS feed_id, t.received_at AS feed_at
    FROM {target} AS t
    WHERE t.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        AND (t.xid, t.id) > (%(after_xid)s, %(after_id)s)
        {conditions}
    ORDER BY t.xid, t.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.feed_id
ORDER BY page.feed_xid, page.feed_id
