-- What serving each tier cost, the whole last.
SELECT every.tier, min(every.tier_label) AS tier_label, count(*) FILTER (WHERE every.cost > 0) AS accounts,
    sum(every.cost) AS cost, sum(every.unrated) AS unrated, sum(every.arr) AS arr, grouping(every.tier) AS is_whole
FROM ({accounts}) AS every
GROUP BY ROLLUP (every.tier)
ORDER BY grouping(every.tier), min(every.rank) NULLS LAST
