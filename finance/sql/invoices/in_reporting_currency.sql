-- Sums by account in the reporting currency; none where a currency has no rate by then.
SELECT own.account_id,
    CASE WHEN bool_and(own.amount = 0 OR rate.end_rate IS NOT NULL)
        THEN sum(CASE WHEN own.amount = 0 THEN 0 ELSE round(own.amount * rate.end_rate, 2) END)
    END AS value
FROM ({sums}) AS own
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
GROUP BY own.account_id
