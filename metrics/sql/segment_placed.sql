-- What accounts bring to a number, with the segments that each is in on the day.
SELECT part.account_id, part.numerator, part.denominator,
    coalesce(tier.slug, 'none') AS tier,
    coalesce(nullif(account.industry, ''), 'none') AS industry,
    coalesce(nullif(account.country, ''), 'none') AS country
FROM ({parts}) AS part
JOIN accounts_account AS account ON account.id = part.account_id AND account.deleted_at IS NULL
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = part.account_id AND tenure.during @> {day}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
