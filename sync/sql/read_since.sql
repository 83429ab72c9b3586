-- Where in the feed a time stands: the lowest transaction of the first minute of changes at or after it. One that
-- took its number before the time may have written after it, but none that writes runs for a minute beside others.
SELECT min(xid)
FROM sync_change
WHERE resource = %(resource)s AND changed_at >= %(since)s AND changed_at < (
    SELECT changed_at
    FROM sync_change
    WHERE resource = %(resource)s AND changed_at >= %(since)s
    ORDER BY changed_at
    LIMIT 1
) + interval '1 minute'
