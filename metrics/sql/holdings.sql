-- ARR above zero of each account on a day, with who it counts for: itself, or the company above it. Accounts that are
-- taken to be lost are left out.
SELECT given.account_id, coalesce(top.holder_id, given.account_id) AS holder_id, given.value AS arr
FROM metrics_metricvalue AS given
LEFT JOIN ({tops}) AS top ON top.account_id = given.account_id
WHERE given.key = {key} AND given.as_of = {day} AND given.value > 0
    AND given.account_id <> ALL ({lost}::bigint[])
