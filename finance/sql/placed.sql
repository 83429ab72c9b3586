-- Movements with the segments an account belonged to when they began.
SELECT movement.*,
    coalesce(tier.slug, 'none') AS tier,
    coalesce(nullif(place.industry, ''), 'none') AS industry,
    coalesce(nullif(place.country, ''), 'none') AS country,
    CASE WHEN place.employees > 0
        THEN ({size_labels}::text[])[width_bucket(place.employees, {size_bands}::integer[]) + 1]
        ELSE 'none'
    END AS size,
    coalesce(nullif(place.owner_email, ''), 'none') AS owner
FROM ({movements}) AS movement
LEFT JOIN finance_revenueplace AS place
    ON place.account_id = movement.account_id
    AND (place.since IS NULL OR place.since <= movement.start_day)
    AND (place.until IS NULL OR place.until > movement.start_day)
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = movement.account_id AND tenure.during @> movement.start_day
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
