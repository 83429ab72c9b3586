-- Of a window of the feed, each object whose newest change stands in it. What is newest is looked up row by row,
-- and only for the last change of each object in the window, so that the cost is the window's, however long the
-- log is and whatever the planner knows of it.
WITH page AS (
    SELECT c.xid AS feed_xid, c.id AS feed_id, c.changed_at AS feed_at, c.object_id
    FROM (
        SELECT DISTINCT ON (object_id) xid, id, changed_at, object_id
        FROM (
            SELECT xid, id, changed_at, object_id
            FROM sync_change
            WHERE resource = %(resource)s AND xid < %(horizon)s AND (xid, id) > (%(after_xid)s, %(after_id)s)
            ORDER BY xid, id
            LIMIT %(window)s
        ) AS scanned
        ORDER BY object_id, id DESC
    ) AS c
    WHERE c.id = (
        SELECT newer.id
        FROM sync_change AS newer
        WHERE newer.object_id = c.object_id AND newer.resource = %(resource)s AND newer.xid < %(horizon)s
        ORDER BY newer.id DESC
        LIMIT 1
    )
    {conditions}
    ORDER BY c.xid, c.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.object_id
ORDER BY page.feed_xid, page.feed_id
