INSERT INTO product_noted (account_id, day)
SELECT event.account_id, event.day
FROM sync_touched AS touched
CROSS JOIN LATERAL (
    SELECT held.account_id, (held.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM product_usageevent AS held
    WHERE held.id = touched.object_id
    LIMIT 1
) AS event
WHERE touched.kind <> 'created'
