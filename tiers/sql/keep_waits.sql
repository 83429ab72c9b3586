INSERT INTO tiers_pendingmove AS pending (
    account_id, rule_set_id, rule_id, from_tier_id, to_tier_id, since, until, why, decision
)
SELECT account_id, rule_set_id, rule_id, held_id, wanted_id, since, until, why, decision
FROM tiers_decision
WHERE action = 'wait'
ORDER BY account_id
ON CONFLICT (account_id) DO UPDATE
SET rule_set_id = excluded.rule_set_id, rule_id = excluded.rule_id, from_tier_id = excluded.from_tier_id,
    to_tier_id = excluded.to_tier_id, since = excluded.since, until = excluded.until, why = excluded.why,
    decision = excluded.decision,
    decided_by_id = CASE WHEN excluded.decision <> '' THEN pending.decided_by_id END,
    decided_at = CASE WHEN excluded.decision <> '' THEN pending.decided_at END
WHERE (
    pending.rule_set_id, pending.rule_id, pending.from_tier_id, pending.to_tier_id, pending.since, pending.until,
    pending.why, pending.decision
) IS DISTINCT FROM (
    excluded.rule_set_id, excluded.rule_id, excluded.from_tier_id, excluded.to_tier_id, excluded.since,
    excluded.until, excluded.why, excluded.decision
)
