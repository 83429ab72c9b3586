-- What waited on a past day isn't kept.
SELECT * FROM tiers_pendingmove WHERE false
