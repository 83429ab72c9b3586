DELETE FROM tiers_pendingmove AS pending
USING tiers_decision AS decided
WHERE pending.account_id = decided.account_id AND decided.action <> 'wait'
