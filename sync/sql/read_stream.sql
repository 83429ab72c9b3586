-- A page of a stream in the order of its transactions, of no more than the next rows of a window.
WITH page AS (
    SELECT t.xid AS feed_xid, t.id AS feed_id, t.received_at AS feed_at
    FROM (
        SELECT *
        FROM {target}
        WHERE xid < %(horizon)s AND (xid, id) > (%(after_xid)s, %(after_id)s)
        ORDER BY xid, id
        LIMIT %(window)s
    ) AS t
    WHERE TRUE {conditions}
    ORDER BY t.xid, t.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.feed_id
ORDER BY page.feed_xid, page.feed_id
