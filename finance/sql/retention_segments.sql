WITH grouped AS (
    SELECT
        CASE grouping(tier, industry, country)
            WHEN 7 THEN 'all' WHEN 3 THEN 'tier' WHEN 5 THEN 'industry' ELSE 'country'
        END AS dimension,
        CASE grouping(tier, industry, country)
            WHEN 7 THEN '' WHEN 3 THEN tier WHEN 5 THEN industry ELSE country
        END AS member,
        count(*) FILTER (WHERE start_arr > 0) AS payers,
        count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0) AS lost,
        coalesce(sum(start_arr), 0) AS start_arr,
        coalesce(sum(end_arr) FILTER (WHERE start_arr > 0), 0) AS kept_arr,
        coalesce(sum(least(start_arr, end_arr)), 0) AS least_arr,
        coalesce(sum(expansion_arr), 0) AS expansion_arr
    FROM ({placed}) AS placed
    GROUP BY GROUPING SETS ((), (tier), (industry), (country))
)
SELECT number.key, grouped.dimension, grouped.member, number.numerator / nullif(number.denominator, 0) AS value,
    number.numerator, number.denominator, grouped.payers AS accounts
FROM grouped
CROSS JOIN LATERAL (
    VALUES
        ('finance.nrr', grouped.kept_arr, grouped.start_arr),
        ('finance.grr', grouped.least_arr, grouped.start_arr),
        ('finance.logo_churn', grouped.lost, grouped.payers),
        ('finance.expansion_rate', grouped.expansion_arr, grouped.start_arr)
) AS number (key, numerator, denominator)
