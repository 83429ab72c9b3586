-- New events stand in the stage with all their columns, so that no partition has to be opened for their days.
-- A conflict updates, so that a roll-up which is just taking the mark makes this wait instead of losing it.
INSERT INTO product_usagedaytorecompute (account_id, day, marked_at)
SELECT DISTINCT account_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, now()
FROM sync_stage
WHERE sync_kind = 'created'
ORDER BY account_id, day
ON CONFLICT (account_id, day) DO UPDATE SET marked_at = excluded.marked_at
