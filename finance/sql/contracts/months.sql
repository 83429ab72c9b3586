-- How many terms end and how many notices fall due in each month, and what those that end are worth in the reporting currency.
SELECT date_trunc('month', day."on")::date AS month,
    count(*) FILTER (WHERE day.kind = 'end') AS ends,
    count(*) FILTER (WHERE day.kind = 'notice') AS notices,
    coalesce(sum(round(round(coalesce(revenue.arr, 0), 2) * quoted.end_rate, 2)) FILTER (WHERE day.kind = 'end'), 0) AS arr,
    count(*) FILTER (WHERE day.kind = 'end' AND quoted.end_rate IS NULL) AS lacks_rate,
    bool_or(day.is_later) AS has_later
FROM ({days}) AS day
LEFT JOIN (
    SELECT line.contract_id, sum(line.arr) AS arr FROM ({lines}) AS line WHERE {may_read} GROUP BY line.contract_id
) AS revenue USING (contract_id)
LEFT JOIN ({rates}) AS quoted USING (currency)
GROUP BY 1
ORDER BY 1
