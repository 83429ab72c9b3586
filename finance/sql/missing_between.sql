-- Currencies without a rate in which accounts had revenue at any time from one day to another, and of how many:
-- those whose ARR, summed over these days, is above zero.
SELECT own.currency, count(*)
FROM (
    SELECT entry.account_id, entry.currency
    FROM finance_revenueentry AS entry
    LEFT JOIN ({rates}) AS rate ON rate.currency = entry.currency
    WHERE rate.end_rate IS NULL AND entry."on" <= {day}
        AND ({account}::bigint IS NULL OR entry.account_id = {account}::bigint)
    GROUP BY entry.account_id, entry.currency
    HAVING sum(entry.arr * ({day}::date + 1 - greatest(entry."on", {since}::date))) > 0
) AS own
GROUP BY own.currency
ORDER BY own.currency
