DROP TABLE IF EXISTS tiers_decision
