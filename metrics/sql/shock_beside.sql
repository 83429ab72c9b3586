-- Sums of other stored numbers, and what of them lies with the accounts that are taken to be lost.
SELECT given.key, sum(given.value) AS whole,
    coalesce(sum(given.value) FILTER (WHERE given.account_id = ANY ({lost}::bigint[])), 0) AS lost
FROM metrics_metricvalue AS given
WHERE given.key = ANY ({keys}::text[]) AND given.as_of = {day}
GROUP BY given.key
