WITH grouped AS (
    SELECT
        CASE grouping(tier, industry, country)
            WHEN 7 THEN 'all' WHEN 3 THEN 'tier' WHEN 5 THEN 'industry' ELSE 'country'
        END AS dimension,
        CASE grouping(tier, industry, country)
            WHEN 7 THEN '' WHEN 3 THEN tier WHEN 5 THEN industry ELSE country
        END AS member,
        sum(start_arr) AS start_arr, count(*) FILTER (WHERE start_arr > 0) AS start_count,
        sum(new_arr) AS new_arr, count(*) FILTER (WHERE new_arr > 0) AS new_count,
        sum(expansion_arr) AS expansion_arr, count(*) FILTER (WHERE expansion_arr > 0) AS expansion_count,
        sum(reactivation_arr) AS reactivation_arr, count(*) FILTER (WHERE reactivation_arr > 0) AS reactivation_count,
        sum(contraction_arr) AS contraction_arr, count(*) FILTER (WHERE contraction_arr > 0) AS contraction_count,
        sum(churn_arr) AS churn_arr, count(*) FILTER (WHERE churn_arr > 0) AS churn_count,
        sum(end_arr) AS end_arr, count(*) FILTER (WHERE end_arr > 0) AS end_count
    FROM ({placed}) AS placed
    GROUP BY GROUPING SETS ((), (tier), (industry), (country))
)
SELECT number.key, grouped.dimension, grouped.member, coalesce(number.value, 0) AS value,
    NULL::numeric AS numerator, NULL::numeric AS denominator, number.accounts
FROM grouped
CROSS JOIN LATERAL (
    VALUES
        ('finance.arr_start', grouped.start_arr, grouped.start_count),
        ('finance.arr_new', grouped.new_arr, grouped.new_count),
        ('finance.arr_expansion', grouped.expansion_arr, grouped.expansion_count),
        ('finance.arr_reactivation', grouped.reactivation_arr, grouped.reactivation_count),
        ('finance.arr_contraction', grouped.contraction_arr, grouped.contraction_count),
        ('finance.arr_churn', grouped.churn_arr, grouped.churn_count),
        ('finance.arr_end', grouped.end_arr, grouped.end_count)
) AS number (key, value, accounts)
