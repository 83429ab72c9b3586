-- A conflict updates, so that a roll-up which is just taking the mark makes this wait instead of losing it.
INSERT INTO finance_revenuetorecompute (account_id, marked_at)
SELECT marked.account_id, now()
FROM (
    SELECT account_id FROM finance_noted
    UNION
    SELECT contract.account_id
    FROM sync_touched AS touched
    JOIN finance_contractline AS line ON line.id = touched.object_id
    JOIN finance_contract AS contract ON contract.id = line.contract_id
) AS marked
ORDER BY marked.account_id
ON CONFLICT (account_id) DO UPDATE SET marked_at = excluded.marked_at
