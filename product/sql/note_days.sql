CREATE TEMP TABLE product_noted ON COMMIT DROP AS
SELECT DISTINCT event.account_id, (event.occurred_at AT TIME ZONE 'UTC')::date AS day
FROM sync_touched AS touched
JOIN product_usageevent AS event ON event.id = touched.object_id
WHERE touched.kind <> 'created'
