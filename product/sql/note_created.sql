INSERT INTO product_noted (account_id, day)
SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date
FROM sync_stage
WHERE sync_kind = 'created'
