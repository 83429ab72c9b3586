-- Accounts that a rule near its threshold may bring into another tier than the rules give now.
INSERT INTO tiers_nearboundary (account_id, rule_set_id, rule_id, tier_id, is_met, is_held, score, numbers, as_of)
SELECT
    near.account_id, {rule_set}, rule.id, near.toward_id, near.place = near.near_place,
    coalesce(held.rank <= rule_tier.rank, false), NULL, near.numbers, {as_of}
FROM ({judged} OFFSET '0') AS near (account_id, place, near_place, toward_id, held_id, numbers)
JOIN tiers_tierrule AS rule ON rule.rule_set_id = {rule_set} AND rule.position = near.near_place
JOIN accounts_tier AS rule_tier ON rule_tier.id = rule.tier_id
LEFT JOIN accounts_tier AS held ON held.id = near.held_id
