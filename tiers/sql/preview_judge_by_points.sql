CREATE TEMPORARY TABLE tiers_judged ON COMMIT DROP AS
SELECT judged.*,
    EXISTS (
        SELECT FROM tiers_scorethreshold AS threshold
        JOIN accounts_tier AS tier ON tier.id = threshold.tier_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN held.rank <= tier.rank THEN threshold.stay ELSE threshold.enter END AS points
        ) AS least
        -- As tiers/sql/keep_near_points.sql.
        WHERE threshold.rule_set_id = {rule_set}
            AND judged.told_points >= least.points - abs(least.points) * {near}
            AND judged.told_points < least.points + abs(least.points) * {near}
    ) AS told_is_near
FROM ({judged} OFFSET '0') AS judged
LEFT JOIN accounts_tier AS held ON held.id = judged.told_held_id
