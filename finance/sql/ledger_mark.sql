-- Deleting an account, or taking that back, sets no mark by itself: whatever the ledger holds of such accounts is
-- looked at each time. They are few, and where all is as it should be nothing comes of it.
INSERT INTO finance_revenuetorecompute (account_id, marked_at)
SELECT account.id, now()
FROM accounts_account AS account
WHERE account.id BETWEEN {first} AND {last}
    AND CASE WHEN account.deleted_at IS NULL
        THEN EXISTS (
            SELECT FROM finance_revenueentry AS entry
            WHERE entry.account_id = account.id AND entry.cause = 'account_gone'
        )
        ELSE EXISTS (SELECT FROM finance_revenueentry AS entry WHERE entry.account_id = account.id)
    END
ORDER BY account.id
ON CONFLICT (account_id) DO NOTHING
