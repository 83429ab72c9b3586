-- Minutes and cost by the rate that was in force; the row without one is last.
SELECT rated.rate_id, sum(rated.minutes) AS minutes, sum(rated.cost) AS cost, min(rated.day) AS first,
    max(rated.day) AS last
FROM ({rated}) AS rated
GROUP BY rated.rate_id
ORDER BY min(rated.day), rated.rate_id NULLS LAST
