-- Recurring revenue of every account that ever had some by the day, in the reporting currency; 0 after it left.
SELECT own.account_id,
    CASE WHEN bool_and(own.amount = 0 OR rate.end_rate IS NOT NULL)
        THEN sum(CASE WHEN own.amount = 0 THEN 0 ELSE round(own.amount * rate.end_rate, 2) END)
    END AS value
FROM (
    SELECT entry.account_id, entry.currency,
        round(sum(entry.arr) / {divisor}::numeric, 2) AS amount,
        sum(entry.arr * ({day}::date + 1 - entry."on")) > 0 AS had_some
    FROM finance_revenueentry AS entry
    WHERE entry."on" <= {day} AND {known}
    GROUP BY entry.account_id, entry.currency
) AS own
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
WHERE own.had_some
GROUP BY own.account_id
