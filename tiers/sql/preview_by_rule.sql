SELECT told_account_id, told_rule_id FROM tiers_judged
