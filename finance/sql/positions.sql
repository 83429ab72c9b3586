-- ARR of each account on two days: at the rates of each day, and the start again at those of the end. Accounts with
-- money in a currency without a rate have no position. What was earned until a day, the sum of ARR over time, tells
-- whether there was ever revenue: it is above zero just when there was.
SELECT own.account_id, {start_day}::date AS start_day, {end_day}::date AS end_day,
    sum(CASE WHEN own.start_arr = 0 THEN 0 ELSE round(own.start_arr * rate.start_rate, 2) END) AS start_arr,
    sum(CASE WHEN own.start_arr = 0 THEN 0 ELSE round(own.start_arr * rate.end_rate, 2) END) AS base_arr,
    sum(CASE WHEN own.end_arr = 0 THEN 0 ELSE round(own.end_arr * rate.end_rate, 2) END) AS end_arr,
    bool_or(own.had_before) AS had_before
FROM (
    SELECT entry.account_id, entry.currency,
        coalesce(round(sum(entry.arr) FILTER (WHERE entry."on" <= {start_day}), 2), 0) AS start_arr,
        round(sum(entry.arr), 2) AS end_arr,
        coalesce(
            sum(entry.arr * ({start_day}::date + 1 - entry."on")) FILTER (WHERE entry."on" <= {start_day}), 0
        ) > 0 AS had_before
    FROM finance_revenueentry AS entry
    WHERE entry."on" <= {end_day} AND {known}
    GROUP BY entry.account_id, entry.currency
) AS own
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
GROUP BY own.account_id
HAVING bool_and(
    (own.start_arr = 0 OR rate.start_rate IS NOT NULL)
    AND ((own.start_arr = 0 AND own.end_arr = 0) OR rate.end_rate IS NOT NULL)
)
