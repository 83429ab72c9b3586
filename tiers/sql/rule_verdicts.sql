-- Judged apart: joined in one go, PostgreSQL would ask all rules once more for each of them.
WITH judged (account_id, rule_id) AS MATERIALIZED ({judged})
SELECT judged.account_id, rule.tier_id, judged.rule_id, NULL::numeric AS score
FROM judged
JOIN tiers_tierrule AS rule ON rule.id = judged.rule_id
