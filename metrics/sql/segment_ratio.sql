-- Placed parts added up by segment; below the fewest only the denominator is told.
SELECT {key} AS key, summed.dimension, summed.member,
    CASE WHEN summed.denominator >= {fewest} THEN summed.numerator / nullif(summed.denominator, 0) END AS value,
    CASE WHEN summed.denominator >= {fewest} THEN summed.numerator END AS numerator,
    summed.denominator, summed.accounts
FROM (
    SELECT
        CASE grouping(tier, industry, country)
            WHEN 7 THEN 'all' WHEN 3 THEN 'tier' WHEN 5 THEN 'industry' ELSE 'country'
        END AS dimension,
        CASE grouping(tier, industry, country)
            WHEN 7 THEN '' WHEN 3 THEN tier WHEN 5 THEN industry ELSE country
        END AS member,
        coalesce(sum(placed.numerator), 0)::numeric AS numerator,
        coalesce(sum(placed.denominator), 0)::numeric AS denominator,
        count(*) AS accounts
    FROM ({placed}) AS placed
    GROUP BY GROUPING SETS ((), (tier), (industry), (country))
) AS summed
