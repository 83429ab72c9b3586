-- What there is and what of it is lost, of all and by each segment: who pays, ARR, and the sums of a year's retention.
WITH held AS (
    SELECT coalesce(at_end.account_id, at_start.account_id) AS account_id,
        coalesce(at_end.value, 0) AS end_arr, coalesce(at_start.value, 0) AS start_arr
    FROM (SELECT account_id, value FROM metrics_metricvalue WHERE key = {key} AND as_of = {day}) AS at_end
    FULL JOIN (SELECT account_id, value FROM metrics_metricvalue WHERE key = {start_key} AND as_of = {day}) AS at_start
        ON at_start.account_id = at_end.account_id
),
placed AS (
    SELECT held.*, greatest(held.end_arr, 0) AS arr,
        held.account_id = ANY ({lost}::bigint[]) AS is_lost,
        coalesce(tier.slug, 'none') AS tier,
        coalesce(nullif(account.industry, ''), 'none') AS industry,
        coalesce(nullif(account.country, ''), 'none') AS country,
        coalesce(nullif(account.owner_email, ''), 'none') AS owner,
        coalesce(nullif(account.sponsor_email, ''), 'none') AS sponsor,
        coalesce(to_char(date '1970-01-01' + renewal.value::integer, 'YYYY"-Q"Q'), 'none') AS quarter
    FROM held
    JOIN accounts_account AS account ON account.id = held.account_id
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = held.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    LEFT JOIN metrics_metricvalue AS renewal
        ON renewal.key = {renewal} AND renewal.as_of = {day} AND renewal.account_id = held.account_id
)
SELECT
    CASE grouping(tier, industry, country, owner, sponsor, quarter)
        WHEN 63 THEN 'all' WHEN 31 THEN 'tier' WHEN 47 THEN 'industry' WHEN 55 THEN 'country' WHEN 59 THEN 'owner'
        WHEN 61 THEN 'sponsor' ELSE 'renewal_quarter'
    END AS dimension,
    CASE grouping(tier, industry, country, owner, sponsor, quarter)
        WHEN 63 THEN '' WHEN 31 THEN tier WHEN 47 THEN industry WHEN 55 THEN country WHEN 59 THEN owner
        WHEN 61 THEN sponsor ELSE quarter
    END AS member,
    count(*) FILTER (WHERE arr > 0) AS accounts,
    count(*) FILTER (WHERE arr > 0 AND is_lost) AS accounts_lost,
    coalesce(sum(arr), 0) AS arr,
    coalesce(sum(arr) FILTER (WHERE is_lost), 0) AS arr_lost,
    coalesce(sum(start_arr), 0) AS start_arr,
    coalesce(sum(end_arr) FILTER (WHERE start_arr > 0), 0) AS kept,
    coalesce(sum(end_arr) FILTER (WHERE start_arr > 0 AND is_lost), 0) AS kept_lost,
    coalesce(sum(least(start_arr, end_arr)) FILTER (WHERE start_arr > 0), 0) AS least_kept,
    coalesce(sum(least(start_arr, end_arr)) FILTER (WHERE start_arr > 0 AND is_lost), 0) AS least_lost
FROM placed
GROUP BY GROUPING SETS ((), (tier), (industry), (country), (owner), (sponsor), (quarter))
