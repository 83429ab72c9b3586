-- What was worked on, what cost most first.
SELECT rated.item_id, sum(rated.cost) AS cost, sum(rated.minutes) AS minutes
FROM ({rated}) AS rated
GROUP BY rated.item_id
HAVING sum(rated.cost) IS NOT NULL
ORDER BY sum(rated.cost) DESC, rated.item_id DESC
LIMIT {most}
