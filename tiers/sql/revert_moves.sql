DELETE FROM accounts_tiertenure AS tenure
USING tiers_decision AS decided
WHERE tenure.id = decided.tenure_id AND decided.action = 'move' AND decided.is_reverted
