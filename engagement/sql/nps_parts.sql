-- Recommendations of each account: promoters less detractors, times 100, and all who answered.
SELECT given.account_id,
    100 * sum(CASE WHEN given.score >= 9 THEN 1 WHEN given.score <= 6 THEN -1 ELSE 0 END) AS numerator,
    count(*) AS denominator
FROM ({newest}) AS given
GROUP BY given.account_id
