-- Deleting an account, or taking that back, sets no mark by itself: whatever the ledger holds of such accounts is
-- looked at each time. They are few, and where all is as it should be nothing comes of it. Their marks and those that
-- stand are taken in one order, that of accounts, as intakes set theirs: else each could wait for the other. Waiting for
-- an intake that is just setting one lets the statements that follow see its lines; what is set later waits for the next
-- time.
WITH held AS (
    INSERT INTO finance_revenuetorecompute AS mark (account_id, marked_at)
    SELECT account.id, now()
    FROM accounts_account AS account
    WHERE account.id BETWEEN {first} AND {last}
        AND (
            EXISTS (SELECT FROM finance_revenuetorecompute AS standing WHERE standing.account_id = account.id)
            OR CASE WHEN account.deleted_at IS NULL
                THEN EXISTS (
                    SELECT FROM finance_revenueentry AS entry
                    WHERE entry.account_id = account.id AND entry.cause = 'account_gone'
                )
                ELSE EXISTS (SELECT FROM finance_revenueentry AS entry WHERE entry.account_id = account.id)
            END
        )
    ORDER BY account.id
    ON CONFLICT (account_id) DO UPDATE SET marked_at = mark.marked_at
    RETURNING mark.account_id
)
INSERT INTO finance_revenue_taken (account_id)
SELECT held.account_id FROM held
