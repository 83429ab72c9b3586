-- A page of the feed of a few records that are known to fit a filter: what is newest is looked up for each.
WITH page AS (
    SELECT c.xid AS feed_xid, c.id AS feed_id, c.changed_at AS feed_at, c.object_id
    FROM unnest(%(fitting)s::bigint[]) AS fitting (id)
    CROSS JOIN LATERAL (
        SELECT newest.xid, newest.id, newest.changed_at, newest.object_id
        FROM sync_change AS newest
        WHERE newest.object_id = fitting.id
            AND newest.resource = %(resource)s
            AND newest.xid < %(horizon)s
        ORDER BY newest.id DESC
        LIMIT 1
    ) AS c
    WHERE (c.xid, c.id) > (%(after_xid)s, %(after_id)s) {conditions}
    ORDER BY c.xid, c.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.object_id
ORDER BY page.feed_xid, page.feed_id
