-- What serving each account cost as of a stored day, beside its ARR and its tier then.
SELECT account.id AS account_id, account.name, tier.slug AS tier, tier.label AS tier_label, tier.rank,
    cost.value AS cost, unrated.value AS unrated, arr.value AS arr
FROM metrics_metricvalue AS unrated
JOIN accounts_account AS account ON account.id = unrated.account_id AND account.deleted_at IS NULL
LEFT JOIN metrics_metricvalue AS cost
    ON cost.key = {cost_key} AND cost.as_of = unrated.as_of AND cost.account_id = unrated.account_id
LEFT JOIN metrics_metricvalue AS arr
    ON arr.key = {arr_key} AND arr.as_of = unrated.as_of AND arr.account_id = unrated.account_id
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = unrated.account_id AND tenure.during @> unrated.as_of
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
WHERE unrated.key = {unrated_key} AND unrated.as_of = {day}
