INSERT INTO tiers_previewrow (
    run_id, account_id, outcome, direction, from_tier_id, to_tier_id, until, place, near_place, is_near, score, arr,
    values
)
SELECT
    {run}, judged.told_account_id, coalesce(outlook.outcome, 'stays'), coalesce(outlook.direction, 0),
    CASE WHEN outlook.account_id IS NULL THEN judged.told_held_id ELSE outlook.from_tier_id END,
    CASE WHEN outlook.account_id IS NULL THEN judged.told_held_id ELSE outlook.to_tier_id END,
    outlook.until, judged.told_place, judged.told_near_place, judged.told_is_near, judged.told_points, judged.told_arr,
    {values}
FROM tiers_judged AS judged
LEFT JOIN tiers_outlook AS outlook ON outlook.account_id = judged.told_account_id
WHERE (outlook.account_id IS NULL OR outlook.outcome IS NOT NULL)
    AND (outlook.outcome <> 'stays' OR judged.told_is_near)
