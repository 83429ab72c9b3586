-- A conflict updates, so that a roll-up which is just taking the mark makes this wait instead of losing it.
INSERT INTO product_usagedaytorecompute (account_id, day, marked_at)
SELECT marked.account_id, marked.day, now()
FROM (
    SELECT account_id, day FROM product_noted
    UNION
    SELECT event.account_id, (event.occurred_at AT TIME ZONE 'UTC')::date
    FROM sync_touched AS touched
    JOIN product_usageevent AS event ON event.id = touched.object_id
) AS marked
ORDER BY marked.account_id, marked.day
ON CONFLICT (account_id, day) DO UPDATE SET marked_at = excluded.marked_at
