-- What the lines of the marked accounts say now, less what the ledger sums to, is appended; nothing where they agree.
WITH said AS MATERIALIZED (
    SELECT line.account_id, line.line_id, line.currency, step."on", step.arr::numeric(38, 12) AS arr
    FROM ({lines}) AS line
    JOIN finance_revenue_taken AS taken ON taken.account_id = line.account_id
    CROSS JOIN LATERAL (VALUES (line.start_on, line.arr), (line.ends_on, -line.arr)) AS step ("on", arr)
    WHERE step."on" IS NOT NULL
),
held AS MATERIALIZED (
    SELECT entry.account_id, entry.line_id, entry.currency, entry."on", sum(entry.arr) AS arr
    FROM finance_revenueentry AS entry
    JOIN finance_revenue_taken AS taken ON taken.account_id = entry.account_id
    GROUP BY entry.account_id, entry.line_id, entry.currency, entry."on"
),
lines_held AS (
    SELECT held.account_id, held.line_id, bool_or(held.arr <> 0) AS counts
    FROM held
    GROUP BY held.account_id, held.line_id
),
lines_said AS (
    SELECT DISTINCT said.account_id, said.line_id FROM said
),
differing AS (
    SELECT coalesce(said.account_id, held.account_id) AS account_id,
        coalesce(said.line_id, held.line_id) AS line_id,
        coalesce(said.currency, held.currency) AS currency,
        coalesce(said."on", held."on") AS "on",
        coalesce(said.arr, 0) - coalesce(held.arr, 0) AS arr
    FROM said
    FULL JOIN held ON held.account_id = said.account_id AND held.line_id = said.line_id
        AND held.currency = said.currency AND held."on" = said."on"
    WHERE coalesce(said.arr, 0) <> coalesce(held.arr, 0)
),
-- Lines of a deleted account don't count. Its mark stays, so that they are entered when it comes back.
waiting AS (
    INSERT INTO finance_revenuetorecompute (account_id, marked_at)
    SELECT taken.account_id, now()
    FROM finance_revenue_taken AS taken
    JOIN accounts_account AS account ON account.id = taken.account_id
    WHERE account.deleted_at IS NOT NULL
    ORDER BY taken.account_id
    ON CONFLICT (account_id) DO NOTHING
)
INSERT INTO finance_revenueentry (account_id, line_id, currency, "on", arr, recorded_at, cause, corrects)
SELECT differing.account_id, differing.line_id, differing.currency, differing."on", differing.arr,
    {recorded_at},
    CASE
        WHEN lines_said.line_id IS NULL THEN CASE
            WHEN account.deleted_at IS NOT NULL AND contract.account_id = differing.account_id THEN 'account_gone'
            WHEN contract.account_id <> differing.account_id THEN 'moved'
            ELSE 'withdrawn'
        END
        WHEN lines_held.counts THEN 'changed'
        WHEN lines_held.line_id IS NOT NULL THEN 'restored'
        WHEN EXISTS (SELECT FROM finance_revenueentry AS other WHERE other.line_id = differing.line_id) THEN 'moved'
        WHEN differing.arr > 0 THEN 'began'
        ELSE 'ended'
    END,
    differing."on" < {open_from}
FROM differing
LEFT JOIN lines_held ON lines_held.account_id = differing.account_id AND lines_held.line_id = differing.line_id
LEFT JOIN lines_said ON lines_said.account_id = differing.account_id AND lines_said.line_id = differing.line_id
JOIN accounts_account AS account ON account.id = differing.account_id
LEFT JOIN finance_contractline AS line ON line.id = differing.line_id
LEFT JOIN finance_contract AS contract ON contract.id = line.contract_id
ORDER BY differing.account_id, differing.currency, differing."on"
