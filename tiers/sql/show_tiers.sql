-- The standing is a copy of the newest tenure, written by whoever writes tenures.
INSERT INTO accounts_standing AS shown (account_id, tier_id, health_band)
SELECT decided.account_id,
    CASE WHEN decided.action IN ('move', 'close') THEN decided.wanted_id ELSE decided.held_id END, 'unknown'
FROM tiers_decision AS decided
ORDER BY decided.account_id
ON CONFLICT (account_id) DO UPDATE SET tier_id = excluded.tier_id
WHERE shown.tier_id IS DISTINCT FROM excluded.tier_id
