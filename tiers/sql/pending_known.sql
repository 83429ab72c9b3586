SELECT * FROM tiers_pendingmove
