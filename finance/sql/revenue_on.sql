-- Recurring revenue of every account that ever had some by the day, in the reporting currency; 0 after it left.
SELECT own.account_id,
    CASE WHEN bool_and(own.amount = 0 OR rate.rate IS NOT NULL)
        THEN sum(CASE WHEN own.amount = 0 THEN 0 ELSE round(own.amount * rate.rate, 2) END)
    END AS value
FROM (
    SELECT line.account_id, line.currency,
        coalesce(round(sum(line.arr / {divisor}::numeric) FILTER (WHERE line.ends_on IS NULL OR line.ends_on > {day}), 2), 0)
            AS amount
    FROM ({lines}) AS line
    WHERE line.start_on <= {day}
    GROUP BY line.account_id, line.currency
) AS own
JOIN accounts_account AS account ON account.id = own.account_id AND account.deleted_at IS NULL
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
GROUP BY own.account_id
