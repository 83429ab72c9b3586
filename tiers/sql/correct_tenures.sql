-- A tier that changes twice on one day counts as the last of the two.
UPDATE accounts_tiertenure AS tenure
SET tier_id = decided.wanted_id, cause = decided.cause, reason = decided.reason,
    rule_set_id = decided.rule_set_id, rule_id = decided.rule_id, override_id = decided.override_id,
    by_id = decided.by_id, recorded_at = now()
FROM tiers_decision AS decided
WHERE tenure.id = decided.tenure_id AND decided.is_corrected
