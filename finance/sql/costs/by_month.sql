-- What work cost by the month in which it was done.
SELECT date_trunc('month', rated.day)::date AS month, sum(rated.cost) AS cost, sum(rated.minutes) AS minutes,
    coalesce(sum(rated.minutes) FILTER (WHERE rated.cost IS NULL), 0) AS unrated
FROM ({rated}) AS rated
GROUP BY 1
ORDER BY 1
