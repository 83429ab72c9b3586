-- Where the ledger doesn't say what the lines do, of accounts that nothing has marked to be followed. Those that were
-- deleted are looked at each night in any case.
SELECT coalesce(said.account_id, held.account_id), coalesce(said.line_id, held.line_id),
    coalesce(said.currency, held.currency), coalesce(said."on", held."on"),
    coalesce(said.arr, 0), coalesce(held.arr, 0)
FROM (
    SELECT line.account_id, line.line_id, line.currency, step."on", step.arr::numeric(38, 12) AS arr
    FROM ({lines}) AS line
    CROSS JOIN LATERAL (VALUES (line.start_on, line.arr), (line.ends_on, -line.arr)) AS step ("on", arr)
    WHERE step."on" IS NOT NULL
) AS said
FULL JOIN (
    SELECT entry.account_id, entry.line_id, entry.currency, entry."on", sum(entry.arr) AS arr
    FROM finance_revenueentry AS entry
    GROUP BY entry.account_id, entry.line_id, entry.currency, entry."on"
) AS held ON held.account_id = said.account_id AND held.line_id = said.line_id
    AND held.currency = said.currency AND held."on" = said."on"
WHERE coalesce(said.arr, 0) <> coalesce(held.arr, 0)
    AND NOT EXISTS (
        SELECT FROM finance_revenuetorecompute AS mark
        WHERE mark.account_id = coalesce(said.account_id, held.account_id)
    )
    AND NOT EXISTS (
        SELECT FROM accounts_account AS account
        WHERE account.id = coalesce(said.account_id, held.account_id) AND account.deleted_at IS NOT NULL
    )
ORDER BY 1, 2, 3, 4
LIMIT 100
