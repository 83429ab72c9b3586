SELECT judged.account_id, rule.tier_id, judged.rule_id, NULL::numeric AS score
FROM ({judged}) AS judged (account_id, rule_id)
JOIN tiers_tierrule AS rule ON rule.id = judged.rule_id
