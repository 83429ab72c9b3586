-- Accounts whose points are near the threshold of another tier than the rules give now.
WITH judged (account_id, points, held_id) AS MATERIALIZED ({judged}),
found AS (
    SELECT judged.account_id, judged.points, held.rank AS held_rank, reached.*
    FROM judged
    LEFT JOIN accounts_tier AS held ON held.id = judged.held_id
    CROSS JOIN LATERAL (
        SELECT
            (array_agg(steps.tier_id ORDER BY steps.rank)
                FILTER (WHERE steps.least IS NULL OR judged.points >= steps.least)) [1] AS now_id,
            (array_agg(steps.tier_id ORDER BY steps.rank)
                FILTER (WHERE steps.least IS NULL OR judged.points >= steps.least - abs(steps.least) * {near})) [1] AS eased_id,
            (array_agg(steps.tier_id ORDER BY steps.rank)
                FILTER (WHERE steps.least IS NULL OR judged.points >= steps.least + abs(steps.least) * {near})) [1] AS kept_id
        FROM (
            SELECT
                threshold.tier_id, tier.rank,
                CASE
                    WHEN held.rank <= tier.rank THEN threshold.stay
                    ELSE threshold.enter
                END AS least
            FROM tiers_scorethreshold AS threshold
            JOIN accounts_tier AS tier ON tier.id = threshold.tier_id
            WHERE threshold.rule_set_id = {rule_set}
        ) AS steps
    ) AS reached
)
INSERT INTO tiers_nearboundary (account_id, rule_set_id, rule_id, tier_id, is_met, is_held, score, numbers, as_of)
SELECT
    found.account_id, {rule_set}, NULL,
    CASE WHEN found.eased_id <> found.now_id THEN found.eased_id ELSE found.kept_id END,
    found.eased_id = found.now_id,
    coalesce(found.held_rank <= tier.rank, false),
    found.points, jsonb_build_object(), {as_of}
FROM found
JOIN accounts_tier AS tier
    ON tier.id = CASE WHEN found.eased_id <> found.now_id THEN found.eased_id ELSE found.now_id END
WHERE found.eased_id <> found.now_id OR found.kept_id <> found.now_id
