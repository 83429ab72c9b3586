-- Ratings by the segment of their account on the day, and those of them that are good.
WITH placed AS (
    SELECT given.account_id, given.rating >= 4 AS is_good,
        coalesce(tier.slug, 'none') AS tier, coalesce(nullif(account.industry, ''), 'none') AS industry
    FROM ({ratings}) AS given
    JOIN accounts_account AS account ON account.id = given.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = given.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
)
SELECT 'support.csat' AS key,
    CASE grouping(tier, industry) WHEN 3 THEN 'all' WHEN 1 THEN 'tier' ELSE 'industry' END AS dimension,
    CASE grouping(tier, industry) WHEN 3 THEN '' WHEN 1 THEN tier ELSE industry END AS member,
    count(*) FILTER (WHERE is_good)::numeric / nullif(count(*), 0) AS value,
    count(*) FILTER (WHERE is_good) AS numerator,
    count(*) AS denominator,
    count(DISTINCT account_id) AS accounts
FROM placed
GROUP BY GROUPING SETS ((), (tier), (industry))
