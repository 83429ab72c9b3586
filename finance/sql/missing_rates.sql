-- Currencies without a rate in which accounts had revenue on one of two days, and of how many.
SELECT own.currency, count(*)
FROM (
    SELECT entry.account_id, entry.currency
    FROM finance_revenueentry AS entry
    LEFT JOIN ({rates}) AS rate ON rate.currency = entry.currency
    WHERE rate.end_rate IS NULL AND entry."on" <= {day} AND entry.account_id BETWEEN {first} AND {last}
    GROUP BY entry.account_id, entry.currency
    HAVING round(sum(entry.arr), 2) <> 0 OR round(sum(entry.arr) FILTER (WHERE entry."on" <= {since}), 2) <> 0
) AS own
GROUP BY own.currency
ORDER BY own.currency
