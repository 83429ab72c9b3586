INSERT INTO tiers_previewrow (
    run_id, account_id, outcome, direction, from_tier_id, to_tier_id, until, place, near_place, is_near, score, arr,
    values
)
SELECT
    {run}, outlook.account_id, outlook.outcome, outlook.direction, outlook.from_tier_id, outlook.to_tier_id,
    outlook.until, outlook.place, outlook.near_place, outlook.is_near, outlook.score, outlook.arr,
    to_jsonb(judged) - ARRAY[
        'told_account_id', 'told_rule_id', 'told_near_place', 'told_surely_id', 'told_points', 'told_held_id', 'told_arr',
        'told_tickets'
    ]
FROM tiers_outlook AS outlook
JOIN tiers_judged AS judged ON judged.told_account_id = outlook.account_id
WHERE outlook.outcome <> 'stays' OR outlook.is_near
