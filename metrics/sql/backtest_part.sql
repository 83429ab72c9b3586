-- A month-end of a slice as whole numbers: what a version gives, what the baselines read, and what came of it.
-- -1 stands for a number that isn't known.
WITH later AS (
    {later}
)
SELECT
    scored.account_id,
    coalesce((scored.score * 10)::integer, -1) AS tenths,
    coalesce(tier.rank, 0) AS tier,
    coalesce(round(usage.value), 0)::bigint AS usage,
    round(revenue.value * 100)::bigint AS arr,
    {outcomes},
    {points}
FROM ({scored}) AS scored
JOIN metrics_metricvalue AS revenue ON revenue.account_id = scored.account_id
    AND revenue.key = {revenue} AND revenue.as_of = {as_of}
LEFT JOIN metrics_metricvalue AS usage ON usage.account_id = scored.account_id
    AND usage.key = {usage} AND usage.as_of = {as_of}
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = scored.account_id AND tenure.during @> {as_of}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
LEFT JOIN later ON later.account_id = scored.account_id
ORDER BY scored.account_id
