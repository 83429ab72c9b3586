-- Movements of each window for all dimensions at once, in one pass over the accounts.
SELECT date_trunc('month', grouped.end_day)::date AS month, grouped.*
FROM (
    SELECT placed.start_day, placed.end_day,
        CASE grouping(tier, industry, country, size, owner)
            WHEN 31 THEN 'all' WHEN 15 THEN 'tier' WHEN 23 THEN 'industry' WHEN 27 THEN 'country'
            WHEN 29 THEN 'size' ELSE 'owner'
        END AS dimension,
        CASE grouping(tier, industry, country, size, owner)
            WHEN 31 THEN '' WHEN 15 THEN tier WHEN 23 THEN industry WHEN 27 THEN country
            WHEN 29 THEN size ELSE owner
        END AS member,
        sum(start_arr) AS start, sum(fx_arr) AS fx, sum(new_arr) AS new, sum(expansion_arr) AS expansion,
        sum(reactivation_arr) AS reactivation, sum(contraction_arr) AS contraction, sum(churn_arr) AS churn,
        sum(end_arr) AS "end",
        coalesce(sum(end_arr) FILTER (WHERE start_arr > 0), 0) AS kept,
        sum(least(start_arr, end_arr)) AS least,
        count(*) FILTER (WHERE start_arr > 0) AS accounts,
        count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0) AS lost
    FROM ({placed}) AS placed
    GROUP BY GROUPING SETS (
        (placed.start_day, placed.end_day), (placed.start_day, placed.end_day, tier),
        (placed.start_day, placed.end_day, industry), (placed.start_day, placed.end_day, country),
        (placed.start_day, placed.end_day, size), (placed.start_day, placed.end_day, owner)
    )
) AS grouped
ORDER BY grouped.end_day, grouped.dimension, grouped.member
