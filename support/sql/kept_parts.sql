-- Promises of each account that were met or missed, and those of them that were met.
SELECT decided.account_id, count(*) FILTER (WHERE decided.breached_at IS NULL) AS numerator,
    count(*) AS denominator
FROM ({decided}) AS decided
GROUP BY decided.account_id
