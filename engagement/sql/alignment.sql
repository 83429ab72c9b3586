WITH signed AS (
    SELECT signature.id, signature.list_id, signature.side, signature.version, signature.is_whole
    FROM accounts_listsignature AS signature
    JOIN accounts_targetlist AS target ON target.id = signature.list_id
    WHERE signature.at <= {moment} AND (signature.ended_at IS NULL OR signature.ended_at > {moment})
        AND (target.deleted_at IS NULL OR target.deleted_at > {moment})
),
agreed AS (
    SELECT list_id FROM signed GROUP BY list_id HAVING count(*) = 2
),
wanted AS (
    SELECT signed.list_id, signed.side, membership.account_id
    FROM signed
    JOIN agreed USING (list_id)
    JOIN accounts_listmembership AS membership ON membership.list_id = signed.list_id
    JOIN accounts_listchange AS came ON came.id = membership.came_with_id AND came.number <= signed.version
    LEFT JOIN accounts_listchange AS gone ON gone.id = membership.left_with_id
    WHERE signed.is_whole AND (gone.id IS NULL OR gone.number > signed.version)
    UNION ALL
    SELECT signed.list_id, signed.side, pick.account_id
    FROM signed
    JOIN agreed USING (list_id)
    JOIN accounts_listpick AS pick ON pick.signature_id = signed.id
),
sides AS (
    SELECT wanted.list_id, wanted.account_id, count(DISTINCT wanted.side) AS sides,
        coalesce(tier.slug, 'none') AS tier, coalesce(nullif(account.industry, ''), 'none') AS industry,
        coalesce(nullif(account.country, ''), 'none') AS country
    FROM wanted
    JOIN accounts_account AS account ON account.id = wanted.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = wanted.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    GROUP BY wanted.list_id, wanted.account_id, tier.slug, account.industry, account.country
),
total AS (
    SELECT
        CASE grouping(tier, industry, country)
            WHEN 7 THEN 'all' WHEN 3 THEN 'tier' WHEN 5 THEN 'industry' ELSE 'country'
        END AS dimension,
        CASE grouping(tier, industry, country)
            WHEN 7 THEN '' WHEN 3 THEN tier WHEN 5 THEN industry ELSE country
        END AS member,
        count(*) FILTER (WHERE sides = 2)::numeric AS both_sides, count(*)::numeric AS either_side,
        count(DISTINCT account_id) AS accounts
    FROM sides
    GROUP BY GROUPING SETS ((), (tier), (industry), (country))
)
SELECT 'engagement.alignment' AS key, dimension, member,
    both_sides / nullif(either_side, 0) AS value, both_sides AS numerator, either_side AS denominator, accounts
FROM total
WHERE either_side > 0
