INSERT INTO accounts_standing (account_id, tier_id, health_band)
SELECT account.id, account.tier_id, 'unknown'
FROM sync_touched AS touched
JOIN accounts_account AS account ON account.id = touched.object_id
WHERE touched.kind = 'created'
ORDER BY account.id
ON CONFLICT (account_id) DO NOTHING
