INSERT INTO tiers_previewsum (run_id, outcome, from_tier_id, to_tier_id, direction, accounts, near, arr, tickets)
SELECT
    {run}, outcome, from_tier_id, to_tier_id, direction, count(*), count(*) FILTER (WHERE is_near),
    coalesce(sum(arr), 0), coalesce(sum(tickets), 0)
FROM tiers_outlook
GROUP BY outcome, from_tier_id, to_tier_id, direction
