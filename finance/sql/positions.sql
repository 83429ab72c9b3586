-- ARR of each account on two days, both at the rates of one day, and the first day on which it ever had some.
-- Accounts with money in a currency without a rate have no position.
SELECT own.account_id,
    sum(CASE WHEN own.start_arr = 0 THEN 0 ELSE round(own.start_arr * rate.rate, 2) END) AS start_arr,
    sum(CASE WHEN own.end_arr = 0 THEN 0 ELSE round(own.end_arr * rate.rate, 2) END) AS end_arr,
    min(own.first_on) AS first_on
FROM (
    SELECT line.account_id, line.currency, min(line.start_on) AS first_on,
        coalesce(round(sum(line.arr) FILTER (
            WHERE line.start_on <= {start_day} AND (line.ends_on IS NULL OR line.ends_on > {start_day})
        ), 2), 0) AS start_arr,
        coalesce(round(sum(line.arr) FILTER (
            WHERE line.ends_on IS NULL OR line.ends_on > {end_day}
        ), 2), 0) AS end_arr
    FROM ({lines}) AS line
    WHERE line.start_on <= {end_day}
    GROUP BY line.account_id, line.currency
) AS own
JOIN accounts_account AS account ON account.id = own.account_id AND account.deleted_at IS NULL
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
GROUP BY own.account_id
HAVING bool_and((own.start_arr = 0 AND own.end_arr = 0) OR rate.rate IS NOT NULL)
