SELECT account_id, tier_id, rule_id, score FROM tiers_unsettled
