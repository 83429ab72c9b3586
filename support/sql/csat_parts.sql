-- Ratings of each account, and those of them that are good.
SELECT given.account_id, count(*) FILTER (WHERE given.rating >= 4) AS numerator, count(*) AS denominator
FROM ({ratings}) AS given
GROUP BY given.account_id
