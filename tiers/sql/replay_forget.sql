DROP TABLE IF EXISTS tiers_replay
