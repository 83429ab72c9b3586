-- Retention of twelve months for each of the last 36, for all segments, straight from the ledger; behind floor_moved.
SELECT months.day, grouping(tier.slug, account.industry, account.country, sized.size, account.owner_email), tier.slug, account.industry,
    account.country, sized.size, account.owner_email, sum(start_arr), sum(end_arr) FILTER (WHERE start_arr > 0), sum(least(start_arr, end_arr)),
    sum(greatest(end_arr - start_arr, 0)) FILTER (WHERE start_arr > 0),
    sum(greatest(start_arr - end_arr, 0)) FILTER (WHERE end_arr > 0), sum(start_arr) FILTER (WHERE end_arr = 0),
    sum(end_arr) FILTER (WHERE start_arr = 0), sum(end_arr),
    count(*) FILTER (WHERE start_arr > 0), count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0)
FROM moved
JOIN months USING (place)
JOIN months AS begun ON begun.place = moved.place - 12
JOIN accounts_account AS account ON account.id = moved.account_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN account.employees > 0 THEN width_bucket(account.employees, ARRAY[50, 250, 1000, 5000]) END AS size
) AS sized
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id AND tenure.during @> begun.day
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
GROUP BY GROUPING SETS ((months.day), (months.day, tier.slug), (months.day, account.industry),
    (months.day, account.country), (months.day, sized.size), (months.day, account.owner_email))
