-- A page of the feed: each object where its newest change stands, of no more than the next changes of a window.
-- What is compared with the newest change is looked up row by row, so that a page costs what its window does,
-- however long the log is and whatever the planner knows of it.
WITH page AS (
    SELECT c.xid AS feed_xid, c.id AS feed_id, c.changed_at AS feed_at, c.object_id
    FROM (
        SELECT xid, id, changed_at, object_id
        FROM sync_change
        WHERE resource = %(resource)s AND xid < %(horizon)s AND (xid, id) > (%(after_xid)s, %(after_id)s)
        ORDER BY xid, id
        LIMIT %(window)s
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
