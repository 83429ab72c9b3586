-- Minutes of each account that were worked on days without a rate, 0 where all had one.
SELECT rated.account_id, coalesce(sum(rated.minutes) FILTER (WHERE rated.cost IS NULL), 0) AS counted
FROM ({rated}) AS rated
GROUP BY rated.account_id
