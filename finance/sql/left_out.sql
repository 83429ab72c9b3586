-- Accounts that have no position in some of many windows, by the currency that has no rate there. Only currencies
-- without one are looked up in the ledger, so where all have theirs it isn't read.
WITH lacking AS MATERIALIZED (
    SELECT asked.place, asked.start_day, asked.end_day, asked.known_at, used.currency, rate.start_rate, rate.end_rate
    FROM (SELECT DISTINCT contract.currency FROM finance_contract AS contract) AS used
    CROSS JOIN unnest({starts}::date[], {ends}::date[], {known}::timestamptz[])
        WITH ORDINALITY AS asked (start_day, end_day, known_at, place)
    LEFT JOIN ({rates}) AS rate ON rate.currency = used.currency AND rate.place = asked.place
    WHERE rate.start_rate IS NULL OR rate.end_rate IS NULL
)
SELECT own.currency, array_agg(DISTINCT own.account_id) AS accounts
FROM (
    SELECT lacking.place, entry.account_id, entry.currency, lacking.start_rate, lacking.end_rate,
        coalesce(round(sum(entry.arr) FILTER (WHERE entry."on" <= lacking.start_day), 2), 0) AS start_arr,
        round(sum(entry.arr), 2) AS end_arr
    FROM lacking
    JOIN finance_revenueentry AS entry ON entry.currency = lacking.currency
        AND entry."on" <= lacking.end_day AND entry.recorded_at <= lacking.known_at
    GROUP BY 1, 2, 3, 4, 5
) AS own
WHERE (own.start_arr <> 0 AND own.start_rate IS NULL)
    OR ((own.start_arr <> 0 OR own.end_arr <> 0) AND own.end_rate IS NULL)
GROUP BY own.currency
ORDER BY own.currency
