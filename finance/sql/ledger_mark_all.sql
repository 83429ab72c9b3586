INSERT INTO finance_revenuetorecompute (account_id, marked_at)
SELECT known.account_id, now()
FROM (
    SELECT contract.account_id FROM finance_contract AS contract
    UNION
    SELECT entry.account_id FROM finance_revenueentry AS entry
) AS known
ORDER BY known.account_id
ON CONFLICT (account_id) DO NOTHING
