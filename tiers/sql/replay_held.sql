SELECT account_id, held_id FROM tiers_replay
