-- ARR at each month's last day, or on the newest day for the month that runs: every month of the accounts that
-- were marked, and the months from the window on of all others. Rows that already say the same stay untouched.
WITH fresh AS (
    SELECT line.account_id, month.first_day AS month, line.currency, round(sum(line.arr), 2) AS arr
    FROM ({lines}) AS line
    LEFT JOIN finance_revenue_taken AS taken ON taken.account_id = line.account_id
    CROSS JOIN LATERAL (
        SELECT step::date AS first_day, least((step + interval '1 month')::date - 1, {newest}) AS day
        FROM generate_series(
            date_trunc('month', CASE
                WHEN taken.account_id IS NULL THEN greatest(line.start_on, {window}) ELSE line.start_on
            END::timestamp),
            least(line.ends_on, {newest})::timestamp,
            interval '1 month'
        ) AS step
    ) AS month
    WHERE line.account_id BETWEEN {first} AND {last}
        AND line.start_on <= month.day
        AND (line.ends_on IS NULL OR line.ends_on > month.day)
    GROUP BY line.account_id, month.first_day, line.currency
    HAVING round(sum(line.arr), 2) > 0
),
gone AS (
    DELETE FROM finance_monthlyrevenue AS held
    WHERE held.account_id BETWEEN {first} AND {last}
        AND (
            held.month >= {window}
            OR EXISTS (SELECT FROM finance_revenue_taken AS taken WHERE taken.account_id = held.account_id)
        )
        AND NOT EXISTS (
            SELECT FROM fresh
            WHERE fresh.account_id = held.account_id AND fresh.month = held.month AND fresh.currency = held.currency
        )
    RETURNING 1
),
written AS (
    INSERT INTO finance_monthlyrevenue AS held (account_id, month, currency, arr)
    SELECT account_id, month, currency, arr FROM fresh
    ON CONFLICT (account_id, month, currency) DO UPDATE
    SET arr = excluded.arr
    WHERE held.arr <> excluded.arr
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
