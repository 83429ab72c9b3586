-- ARR of each account at both ends of each month, all at the rates of one day, from the monthly roll-up.
-- With a day in ``until`` the last month ends on that day instead, from the contract lines themselves.
WITH monthly AS (
    SELECT revenue.account_id, revenue.month, sum(round(revenue.arr * rate.rate, 2)) AS arr,
        bool_or(bool_or(rate.rate IS NULL)) OVER (PARTITION BY revenue.account_id) AS lacks_rate
    FROM (
        SELECT kept.account_id, kept.month, kept.currency, kept.arr
        FROM finance_monthlyrevenue AS kept
        WHERE kept.month BETWEEN ({first_month}::date - interval '1 month')::date AND {last_month}
            AND ({until}::date IS NULL OR kept.month < {last_month})
            AND ({account}::bigint IS NULL OR kept.account_id = {account}::bigint)
        UNION ALL
        SELECT line.account_id, {last_month}::date, line.currency, round(sum(line.arr), 2)
        FROM ({lines}) AS line
        WHERE line.start_on <= {until}::date AND (line.ends_on IS NULL OR line.ends_on > {until}::date)
            AND ({account}::bigint IS NULL OR line.account_id = {account}::bigint)
        GROUP BY line.account_id, line.currency
    ) AS revenue
    JOIN accounts_account AS account ON account.id = revenue.account_id AND account.deleted_at IS NULL
    LEFT JOIN ({rates}) AS rate ON rate.currency = revenue.currency
    GROUP BY revenue.account_id, revenue.month
),
began AS (
    SELECT line.account_id, min(line.start_on) AS first_on
    FROM ({lines}) AS line
    WHERE {account}::bigint IS NULL OR line.account_id = {account}::bigint
    GROUP BY line.account_id
)
SELECT turn.account_id, turn.month, sum(turn.start_arr) AS start_arr, sum(turn.end_arr) AS end_arr,
    coalesce(min(began.first_on), turn.month) AS first_on
FROM (
    SELECT account_id, month, 0::numeric AS start_arr, arr AS end_arr
    FROM monthly WHERE month >= {first_month} AND NOT lacks_rate
    UNION ALL
    SELECT account_id, (month + interval '1 month')::date, arr, 0::numeric
    FROM monthly WHERE month < {last_month} AND NOT lacks_rate
) AS turn
LEFT JOIN began ON began.account_id = turn.account_id
GROUP BY turn.account_id, turn.month
