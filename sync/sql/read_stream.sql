-- A page of a stream in the order of its transactions, of no more than the next rows of a window. Rows are taken
-- whole at once: looking each up again by its id would open every partition for it.
SELECT t.xid, t.id, {record}
FROM (
    SELECT t.*
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
) AS t
CROSS JOIN LATERAL (SELECT t.received_at AS feed_at) AS page
ORDER BY t.xid, t.id
