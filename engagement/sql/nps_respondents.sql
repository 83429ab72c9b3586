SELECT newest.account_id, count(*) AS value
FROM ({newest}) AS newest
GROUP BY newest.account_id
