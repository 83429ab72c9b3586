-- A page of the feed whose records fit a filter; the planner chooses whether it begins at records or at changes.
WITH page AS (
    SELECT c.xid AS feed_xid, c.id AS feed_id, c.changed_at AS feed_at, c.object_id
    FROM sync_change AS c
    JOIN {target} AS t ON t.id = c.object_id
    WHERE c.resource = %(resource)s
        AND c.xid < %(horizon)s
        AND (c.xid, c.id) > (%(after_xid)s, %(after_id)s)
        AND NOT EXISTS (
            SELECT FROM sync_change AS newer
            WHERE newer.object_id = c.object_id
                AND newer.resource = c.resource
                AND newer.id > c.id
                AND newer.xid < %(horizon)s
        )
        {conditions}
    ORDER BY c.xid, c.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.object_id
ORDER BY page.feed_xid, page.feed_id
