-- The last place of a window of the feed, and how many changes the window holds.
SELECT xid, id, count(*) OVER ()
FROM (
    SELECT xid, id
    FROM {log}
    WHERE {of_resource} xid < %(horizon)s AND (xid, id) > (%(after_xid)s, %(after_id)s)
    ORDER BY xid, id
    LIMIT %(window)s
) AS scanned
ORDER BY xid DESC, id DESC
LIMIT 1
