-- Judged apart: joined in one go, PostgreSQL would ask all rules once more for each of them.
SELECT judged.account_id, rule.tier_id, rule.id AS rule_id, NULL::numeric AS score, judged.settled_id
FROM ({judged} OFFSET '0') AS judged (account_id, settled_id, place)
JOIN tiers_tierrule AS rule ON rule.rule_set_id = {rule_set} AND rule.position = judged.place
