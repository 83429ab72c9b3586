UPDATE accounts_tiertenure AS tenure
SET during = daterange(lower(tenure.during), {on})
FROM tiers_decision AS decided
WHERE tenure.id = decided.tenure_id
    AND decided.action IN ('move', 'close')
    AND decided.held_id IS NOT NULL
    AND decided.began_on IS DISTINCT FROM {on}
