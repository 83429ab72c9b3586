-- A page of a stream of the rows that point to one record, which an index finds.
WITH page AS (
    SELECT t.xid AS feed_xid, t.id AS feed_id, t.received_at AS feed_at
    FROM {target} AS t
    WHERE t.xid < %(horizon)s AND (t.xid, t.id) > (%(after_xid)s, %(after_id)s) {conditions}
    ORDER BY t.xid, t.id
    LIMIT %(limit)s
)
SELECT page.feed_xid, page.feed_id, {record}
FROM page
JOIN {target} AS t ON t.id = page.feed_id
ORDER BY page.feed_xid, page.feed_id
