-- Retention of twelve months for each of the months that the page shows, by tier, straight from the ledger; behind floor_moved.
SELECT months.day, coalesce(tier.slug, 'none'), sum(start_arr), sum(end_arr) FILTER (WHERE start_arr > 0), sum(least(start_arr, end_arr)),
    sum(greatest(end_arr - start_arr, 0)) FILTER (WHERE start_arr > 0),
    sum(greatest(start_arr - end_arr, 0)) FILTER (WHERE end_arr > 0), sum(start_arr) FILTER (WHERE end_arr = 0),
    sum(end_arr) FILTER (WHERE start_arr = 0), sum(end_arr),
    count(*) FILTER (WHERE start_arr > 0), count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0)
FROM moved
JOIN months USING (place)
JOIN months AS begun ON begun.place = moved.place - 12
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = moved.account_id AND tenure.during @> begun.day
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
GROUP BY 1, 2
