INSERT INTO tiers_previewsum (run_id, outcome, from_tier_id, to_tier_id, direction, accounts, near, arr, tickets)
SELECT
    {run}, told.outcome, told.from_tier_id, told.to_tier_id, told.direction,
    count(*), count(*) FILTER (WHERE told.is_near), coalesce(sum(told.arr), 0), coalesce(sum(told.tickets), 0)
FROM (
    SELECT
        coalesce(outlook.outcome, 'stays') AS outcome, coalesce(outlook.direction, 0) AS direction,
        CASE WHEN outlook.account_id IS NULL THEN judged.told_held_id ELSE outlook.from_tier_id END AS from_tier_id,
        CASE WHEN outlook.account_id IS NULL THEN judged.told_held_id ELSE outlook.to_tier_id END AS to_tier_id,
        judged.told_is_near AS is_near, judged.told_arr AS arr, judged.told_tickets AS tickets
    FROM tiers_judged AS judged
    LEFT JOIN tiers_outlook AS outlook ON outlook.account_id = judged.told_account_id
    WHERE outlook.account_id IS NULL OR outlook.outcome IS NOT NULL
) AS told
GROUP BY 2, 3, 4, 5
