-- Every account with the span that it was entitled to on {day}: its contract's, else its tier's. Set by set, since a
-- refresh forbids loops: a lookup for each ticket would hash all contracts each time.
SELECT account.id AS account_id,
    coalesce(agreed.minutes, by_tier.minutes, {otherwise}) * interval '1 minute' AS span
FROM accounts_account AS account
LEFT JOIN (
    SELECT every.account_id, min(every.value) AS minutes FROM ({agreed}) AS every GROUP BY every.account_id
) AS agreed ON agreed.account_id = account.id
LEFT JOIN accounts_tiertenure AS held ON held.account_id = account.id AND held.during @> {day}::date
LEFT JOIN accounts_tier AS tier ON tier.id = held.tier_id
LEFT JOIN unnest({slugs}::text[], {minutes}::integer[]) AS by_tier (slug, minutes) ON by_tier.slug = tier.slug
