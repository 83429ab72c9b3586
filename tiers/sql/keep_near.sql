-- Accounts that a rule near its threshold may bring into another tier than the rules give now.
WITH judged (account_id, place, now_id, kept_id, held_id, numbers) AS MATERIALIZED ({judged}),
near AS (
    SELECT
        judged.account_id, rule.id AS rule_id, rule.tier_id AS rule_tier_id, now_rule.tier_id AS now_tier_id,
        judged.now_id = rule.id AS is_met,
        CASE WHEN judged.now_id = rule.id THEN kept.tier_id ELSE rule.tier_id END AS tier_id,
        judged.held_id, judged.numbers
    FROM judged
    JOIN tiers_tierrule AS rule ON rule.rule_set_id = {rule_set} AND rule.position = judged.place
    JOIN tiers_tierrule AS now_rule ON now_rule.id = judged.now_id
    JOIN tiers_tierrule AS kept ON kept.id = judged.kept_id
)
INSERT INTO tiers_nearboundary (account_id, rule_set_id, rule_id, tier_id, is_met, is_held, score, numbers, as_of)
SELECT
    near.account_id, {rule_set}, near.rule_id, near.tier_id, near.is_met,
    coalesce(held.rank <= rule_tier.rank, false), NULL, near.numbers, {as_of}
FROM near
JOIN accounts_tier AS rule_tier ON rule_tier.id = near.rule_tier_id
LEFT JOIN accounts_tier AS held ON held.id = near.held_id
WHERE near.tier_id <> near.now_tier_id
