-- Recommendations by the segment of their account on the day; below the fewest answers only their number is told.
WITH placed AS (
    SELECT given.account_id, CASE WHEN given.score >= 9 THEN 1 WHEN given.score <= 6 THEN -1 ELSE 0 END AS side,
        coalesce(tier.slug, 'none') AS tier, coalesce(nullif(account.industry, ''), 'none') AS industry
    FROM ({newest}) AS given
    JOIN accounts_account AS account ON account.id = given.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = given.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
)
SELECT 'engagement.nps' AS key,
    CASE grouping(tier, industry) WHEN 3 THEN 'all' WHEN 1 THEN 'tier' ELSE 'industry' END AS dimension,
    CASE grouping(tier, industry) WHEN 3 THEN '' WHEN 1 THEN tier ELSE industry END AS member,
    CASE WHEN count(*) >= {fewest} THEN 100.0 * sum(side) / count(*) END AS value,
    CASE WHEN count(*) >= {fewest} THEN 100 * sum(side) END AS numerator,
    count(*) AS denominator,
    count(DISTINCT account_id) AS accounts
FROM placed
GROUP BY GROUPING SETS ((), (tier), (industry))
