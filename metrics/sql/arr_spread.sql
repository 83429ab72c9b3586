-- How much of all ARR lies in each tier, industry, country and quarter of the next renewal, and how evenly.
WITH placed AS (
    SELECT given.value AS arr,
        coalesce(tier.slug, 'none') AS tier,
        coalesce(nullif(account.industry, ''), 'none') AS industry,
        coalesce(nullif(account.country, ''), 'none') AS country,
        coalesce(to_char(date '1970-01-01' + renewal.value::integer, 'YYYY"-Q"Q'), 'none') AS quarter
    FROM metrics_metricvalue AS given
    JOIN accounts_account AS account ON account.id = given.account_id
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = given.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    LEFT JOIN metrics_metricvalue AS renewal
        ON renewal.key = {renewal} AND renewal.as_of = {day} AND renewal.account_id = given.account_id
    WHERE given.key = {key} AND given.as_of = {day} AND given.value > 0
),
grouped AS (
    SELECT
        CASE grouping(tier, industry, country, quarter)
            WHEN 15 THEN 'all' WHEN 7 THEN 'tier' WHEN 11 THEN 'industry' WHEN 13 THEN 'country'
            ELSE 'renewal_quarter'
        END AS dimension,
        CASE grouping(tier, industry, country, quarter)
            WHEN 15 THEN '' WHEN 7 THEN tier WHEN 11 THEN industry WHEN 13 THEN country ELSE quarter
        END AS member,
        count(*)::integer AS accounts,
        coalesce(sum(arr), 0) AS arr
    FROM placed
    GROUP BY GROUPING SETS ((), (tier), (industry), (country), (quarter))
),
whole AS (
    SELECT arr, accounts FROM grouped WHERE dimension = 'all'
)
SELECT 'metrics.arr_share' AS key, grouped.dimension, grouped.member, grouped.arr / nullif(whole.arr, 0) AS value,
    grouped.arr AS numerator, whole.arr AS denominator, grouped.accounts
FROM grouped
CROSS JOIN whole
UNION ALL
SELECT 'metrics.arr_hhi_' || kind.name, 'all', '', 10000 * sum(grouped.arr * grouped.arr) / nullif(whole.arr * whole.arr, 0),
    NULL, NULL, whole.accounts
FROM (VALUES ('tier'), ('industry'), ('country'), ('renewal_quarter')) AS kind (name)
CROSS JOIN whole
LEFT JOIN grouped ON grouped.dimension = kind.name
GROUP BY kind.name, whole.arr, whole.accounts
