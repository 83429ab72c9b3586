-- A page of the feed: each object where its newest change stands, short of the oldest transaction still running.
WITH page AS (
    SELECT c.xid AS feed_xid, c.id AS feed_id, c.changed_at AS feed_at, c.object_id
    FROM sync_change AS c
    {joined}
    WHERE c.resource = %(resource)s
        AND c.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        AND (c.xid, c.id) > (%(after_xid)s, %(after_id)s)
        AND NOT EXISTS (
            SELECT FROM sync_change AS newer
            WHERE newer.object_id = c.object_id
                AND newer.resource = c.resource
                AND newer.id > c.id
                AND newer.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        )
        {conditions}
    ORDER BY c.xid, c.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.object_id
ORDER BY page.feed_xid, page.feed_id
