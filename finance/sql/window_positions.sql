-- ARR of each account at both ends of many windows, as positions.sql gives it of one. Windows come in the order of
-- their starts, ends and knowledge, so an entry counts from one window on, and sums run on from window to window.
WITH moved AS (
    SELECT entry.account_id, entry.currency,
        greatest(width_bucket(entry."on" - 1, {starts}::date[]), {late}) + 1 AS from_start,
        greatest(width_bucket(entry."on" - 1, {ends}::date[]), {late}) + 1 AS from_end,
        sum(entry.arr) AS arr,
        sum(entry.arr * (entry."on" - date '2000-01-01')) AS moment
    FROM finance_revenueentry AS entry
    WHERE entry."on" <= {last_end}::date AND ({accounts}::bigint[] IS NULL OR entry.account_id = ANY ({accounts}::bigint[]))
    GROUP BY 1, 2, 3, 4
),
stood AS (
    SELECT turned.account_id, turned.currency, turned.place,
        round(sum(sum(turned.start_arr)) OVER own, 2) AS start_arr,
        round(sum(sum(turned.end_arr)) OVER own, 2) AS end_arr,
        sum(sum(turned.start_arr)) OVER own <> 0 OR sum(sum(turned.moment)) OVER own <> 0 AS had_before,
        coalesce(lead(turned.place) OVER own, {count} + 1) AS until
    FROM (
        SELECT account_id, currency, from_start AS place, arr AS start_arr, 0 AS end_arr, moment FROM moved
        UNION ALL
        SELECT account_id, currency, from_end, 0, arr, 0 FROM moved
    ) AS turned
    WHERE turned.place <= {count}
    GROUP BY turned.account_id, turned.currency, turned.place
    WINDOW own AS (PARTITION BY turned.account_id, turned.currency ORDER BY turned.place)
)
SELECT own.account_id, ({starts}::date[])[own.place] AS start_day, ({ends}::date[])[own.place] AS end_day,
    sum(CASE WHEN own.start_arr = 0 THEN 0 ELSE round(own.start_arr * rate.start_rate, 2) END) AS start_arr,
    sum(CASE WHEN own.start_arr = 0 THEN 0 ELSE round(own.start_arr * rate.end_rate, 2) END) AS base_arr,
    sum(CASE WHEN own.end_arr = 0 THEN 0 ELSE round(own.end_arr * rate.end_rate, 2) END) AS end_arr,
    bool_or(own.had_before) AS had_before
FROM (
    SELECT stood.account_id, stood.currency, stood.start_arr, stood.end_arr, stood.had_before, each.place
    FROM stood
    CROSS JOIN LATERAL generate_series(stood.place, stood.until - 1) AS each (place)
    WHERE stood.start_arr <> 0 OR stood.end_arr <> 0 OR stood.had_before
) AS own
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency AND rate.place = own.place
GROUP BY own.account_id, own.place
HAVING bool_and(
    (own.start_arr = 0 OR rate.start_rate IS NOT NULL)
    AND ((own.start_arr = 0 AND own.end_arr = 0) OR rate.end_rate IS NOT NULL)
)
