INSERT INTO accounts_tiertenure (account_id, tier_id, during, cause)
SELECT
    account.id,
    account.tier_id,
    CASE
        WHEN EXISTS (SELECT FROM accounts_tiertenure AS earlier WHERE earlier.account_id = account.id)
        THEN daterange(current_date, NULL)
        ELSE daterange(NULL, NULL)
    END,
    'import'
FROM sync_touched AS touched
JOIN accounts_account AS account ON account.id = touched.object_id
WHERE account.tier_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM accounts_tiertenure AS open WHERE open.account_id = account.id AND upper_inf(open.during)
)
ORDER BY account.id
