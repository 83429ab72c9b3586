-- A conflict updates, so that a roll-up which is just taking the mark makes this wait instead of losing it.
INSERT INTO product_usagedaytorecompute (account_id, day, marked_at)
SELECT DISTINCT account_id, day, now()
FROM product_noted
ORDER BY account_id, day
ON CONFLICT (account_id, day) DO UPDATE SET marked_at = excluded.marked_at
