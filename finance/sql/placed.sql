-- Movements with the segments an account belonged to when they began.
SELECT movement.*,
    coalesce(tier.slug, 'none') AS tier,
    coalesce(nullif(account.industry, ''), 'none') AS industry
FROM ({movements}) AS movement
JOIN accounts_account AS account ON account.id = movement.account_id
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = movement.account_id AND tenure.during @> {start_day}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
