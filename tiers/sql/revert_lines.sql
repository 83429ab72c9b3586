DELETE FROM accounts_timelineevent AS line
USING tiers_decision AS decided
WHERE line.kind = {kind} AND line.subject_id = decided.tenure_id AND decided.action = 'move' AND decided.is_reverted
