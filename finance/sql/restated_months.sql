-- Closed months with what was entered of them since: corrections of the ledger, and of exchange rates.
SELECT closed.month, closed.closed_at,
    (
        SELECT count(*) FROM finance_revenueentry AS entry
        WHERE entry.corrects AND entry.recorded_at > closed.closed_at
            AND entry."on" < closed.month + interval '1 month'
    ) AS entries,
    (
        SELECT count(*) FROM finance_rateentry AS entry
        WHERE entry.recorded_at > closed.closed_at AND entry."on" < closed.month + interval '1 month'
    ) AS rates
FROM finance_revenueclose AS closed
WHERE closed.month BETWEEN {first} AND {last}
ORDER BY closed.month
