-- What each account would be credited for the month up to the day. Of contracts that differ the shortest promise was kept or
-- not; those that promise it credit their share of the monthly fee once, however often it was missed.
SELECT agreed.account_id,
    CASE WHEN bool_and(rate.end_rate IS NOT NULL)
        THEN sum(CASE WHEN missed.value > 0 THEN round(fee.amount * rate.end_rate * agreed.percent / 100, 2) ELSE 0 END)
    END AS value
FROM (
    SELECT promised.*, min(promised.minutes) OVER (PARTITION BY promised.account_id) AS shortest
    FROM ({promised}) AS promised
) AS agreed
JOIN accounts_account AS account ON account.id = agreed.account_id AND account.deleted_at IS NULL
JOIN metrics_metricvalue AS missed
    ON missed.key = {missed} AND missed.as_of = {day} AND missed.account_id = agreed.account_id
JOIN LATERAL (
    SELECT entry.currency, round(sum(entry.arr) / 12, 2) AS amount
    FROM finance_contractline AS line
    JOIN finance_revenueentry AS entry
        ON entry.line_id = line.id AND entry.account_id = agreed.account_id AND entry."on" <= {day}
    WHERE line.contract_id = agreed.contract_id
    GROUP BY entry.currency
) AS fee ON true
LEFT JOIN ({rates}) AS rate ON rate.currency = fee.currency
WHERE agreed.minutes = agreed.shortest AND agreed.percent > 0
GROUP BY agreed.account_id
