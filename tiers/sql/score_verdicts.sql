-- Points are summed once an account; the highest tier whose threshold they reach counts.
SELECT judged.account_id, reached.tier_id, NULL::bigint AS rule_id, judged.points AS score, judged.settled_id
FROM ({judged} OFFSET '0') AS judged (account_id, settled_id, points, held_id)
LEFT JOIN accounts_tier AS held ON held.id = judged.held_id
CROSS JOIN LATERAL (
    SELECT threshold.tier_id
    FROM tiers_scorethreshold AS threshold
    JOIN accounts_tier AS tier ON tier.id = threshold.tier_id
    WHERE threshold.rule_set_id = {rule_set}
        AND (
            threshold.enter IS NULL
            OR judged.points >= CASE WHEN held.rank <= tier.rank THEN threshold.stay ELSE threshold.enter END
        )
    ORDER BY tier.rank
    LIMIT 1
) AS reached
