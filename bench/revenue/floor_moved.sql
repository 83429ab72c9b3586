-- What the floors of retention and of its page begin with: start and end of twelve months by account, for each month.
WITH months AS (
    SELECT place, (date_trunc('month', :newest::timestamp) - interval '1 month' * (:count - place) - interval '1 day')::date AS day
    FROM generate_series(1 - 12, :count) AS place
),
summed AS (
    SELECT account_id, currency, greatest(1 - 12, least(:count + 1,
        :count - (12 * (extract(year FROM :newest::date) - extract(year FROM "on"))
        + extract(month FROM :newest::date) - extract(month FROM "on"))::integer + 1)) AS place, sum(arr) AS arr
    FROM finance_revenueentry
    WHERE "on" < date_trunc('month', :newest::timestamp)
    GROUP BY 1, 2, 3
),
running AS (
    SELECT account_id, currency, place, round(sum(arr) OVER own, 2) AS arr,
        coalesce(lead(place) OVER own, :count + 1) AS until
    FROM summed
    WINDOW own AS (PARTITION BY account_id, currency ORDER BY place)
),
rates AS (
    SELECT DISTINCT ON (currency) currency, rate FROM finance_exchangerate
    WHERE "on" < date_trunc('month', :newest::timestamp) ORDER BY currency, "on" DESC
),
stood AS (
    SELECT running.account_id, each.place, sum(round(running.arr * coalesce(rates.rate, 1), 2)) AS arr
    FROM running
    CROSS JOIN LATERAL generate_series(running.place, running.until - 1) AS each (place)
    LEFT JOIN rates USING (currency)
    WHERE running.arr <> 0
    GROUP BY 1, 2
),
moved AS (
    SELECT account_id, place, sum(start_arr) AS start_arr, sum(end_arr) AS end_arr
    FROM (
        SELECT account_id, place, 0::numeric AS start_arr, arr AS end_arr FROM stood WHERE place > 0
        UNION ALL
        SELECT account_id, place + 12, arr, 0::numeric FROM stood WHERE place + 12 <= :count
    ) AS turn
    GROUP BY 1, 2
)
