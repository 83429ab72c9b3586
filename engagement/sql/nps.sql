SELECT newest.account_id,
    100.0 * (count(*) FILTER (WHERE newest.score >= 9) - count(*) FILTER (WHERE newest.score <= 6)) / count(*) AS value
FROM ({newest}) AS newest
GROUP BY newest.account_id
HAVING count(*) >= {fewest}
