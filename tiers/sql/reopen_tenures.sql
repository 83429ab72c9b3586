UPDATE accounts_tiertenure AS tenure
SET during = daterange(lower(tenure.during), NULL)
FROM tiers_decision AS decided
WHERE tenure.id = decided.earlier_id AND decided.action = 'move' AND decided.is_reverted
